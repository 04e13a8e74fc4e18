// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path';
import type { Logger } from '../logging/logger.ts';
import { modprobe } from '../system/modprobe.ts';
import type { ProgramRunner } from '../system/program-runner.ts';
import type { DeviceTree } from './device-query.ts';
import { attribute, linkedName, namesIn } from './sysfs.ts';

/**
 * Loads the modules for devices that have no driver yet.
 *
 * @returns whether there was something to load that had not been tried before
 */
export type DriverLoader = () => Promise<boolean>;

/** What a {@link DriverLoader} works with. */
export interface DriverLoaderComponents {
  readonly tree: DeviceTree;
  readonly runProgram: ProgramRunner;
  readonly logger: Logger;
}

/** Buses whose devices come with a name for their driver, and how the names begin that are of interest. */
const buses: readonly (readonly [bus: string, prefix: string])[] = [
  ['pci', 'pci:'],
  ['virtio', 'virtio:'],
  ['scsi', 'scsi:'],
  // The root of persistent memory; all else on this bus is the board's own.
  ['acpi', 'acpi:ACPI0012:'],
  ['nd', 'nd:'],
];

/** The driver that somebody has chosen for a device, or the name it gives itself. */
async function wantedModule(dir: string, prefix: string): Promise<string | undefined> {
  const chosen = await attribute(join(dir, 'driver_override'));
  if (chosen !== undefined && /^\w[\w-]*$/.test(chosen)) return chosen;
  const alias = await attribute(join(dir, 'modalias'));
  return alias?.startsWith(prefix) === true ? alias : undefined;
}

/** What the devices without driver call the modules they want. */
async function wantedModules(sysDir: string): Promise<readonly string[]> {
  const wanted: string[] = [];
  for (const [bus, prefix] of buses) {
    const devicesDir = join(sysDir, 'bus', bus, 'devices');
    for (const name of await namesIn(devicesDir)) {
      const dir = join(devicesDir, name);
      if ((await linkedName(join(dir, 'driver'))) !== undefined) continue;
      const module = await wantedModule(dir, prefix);
      if (module !== undefined) wanted.push(module);
    }
  }
  return wanted;
}

/**
 * Makes a {@link DriverLoader}: what udev does elsewhere, done when somebody looks for a device, since a guest that boots fast
 * loads no module that nobody has asked for. Each name is tried once: most are of devices that need no driver.
 */
export function createDriverLoader({ tree, runProgram, logger }: DriverLoaderComponents): DriverLoader {
  const tried = new Set<string>();
  let running: Promise<boolean> | undefined;

  async function load(): Promise<boolean> {
    const modules = [...new Set(await wantedModules(tree.sysDir))].filter((name) => !tried.has(name));
    if (modules.length === 0) return false;
    for (const name of modules) tried.add(name);
    try {
      // It goes on after a name that no module bears.
      await modprobe(runProgram, ['-q', '-a', ...modules]);
    } catch (error) {
      logger.warn({ error }, 'drivers could not be loaded');
    }
    return true;
  }

  return async () => {
    running ??= load().finally(() => {
      running = undefined;
    });
    return await running;
  };
}
