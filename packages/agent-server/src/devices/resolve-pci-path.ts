// SPDX-License-Identifier: Apache-2.0
import { basename, join } from 'node:path';
import { AgentError } from '../errors/agent-error.ts';
import { formatPciPath, type PciPath } from './pci-path.ts';
import { exists, namesIn } from './sysfs.ts';

const busPattern = /^[0-9a-f]{4,}:[0-9a-f]{2}$/;
const devicePattern = /^([0-9a-f]{4,}:[0-9a-f]{2}):[0-9a-f]{2}\.[0-7]$/;

/** The directory of a root bus. On some machines without ACPI it lies below the platform device of the bridge. */
async function findRoot(devicesDir: string, bus: string): Promise<string | undefined> {
  const direct = join(devicesDir, `pci${bus}`);
  if (await exists(direct)) return direct;
  const platform = join(devicesDir, 'platform');
  for (const name of await namesIn(platform)) {
    const dir = join(platform, name, `pci${bus}`);
    if (name.endsWith('.pcie') && (await exists(dir))) return dir;
  }
  return undefined;
}

/** The bus behind a bridge, as the guest has numbered it. */
async function busBehind(bridgeDir: string, path: PciPath): Promise<string | undefined> {
  const listed = (await namesIn(join(bridgeDir, 'pci_bus'))).filter((name) => busPattern.test(name));
  const children = await namesIn(bridgeDir);
  const buses =
    listed.length > 0 ? listed : children.flatMap((name) => devicePattern.exec(name)?.slice(1) ?? []);
  const [bus, ...others] = new Set(buses);
  if (others.length > 0) {
    const bridge = basename(bridgeDir);
    throw new AgentError(
      'device_failed',
      `PCI bridge ${bridge} of ${formatPciPath(path)} has several buses`,
      {
        operand: bridge,
      },
    );
  }
  return bus;
}

/**
 * Walks a path through the bridges of the guest.
 *
 * @returns the directory of the device in sysfs; its last name is the address `0000:01:02.0`. Undefined while the device or a
 *   bridge before it is missing
 * @throws AgentError `device_failed` for a bridge with several buses
 */
export async function resolvePciPath(sysDir: string, path: PciPath): Promise<string | undefined> {
  let bus: string | undefined = `0000:${path.rootBus.toString(16).padStart(2, '0')}`;
  let dir = await findRoot(join(sysDir, 'devices'), bus);
  for (const [index, { slot, fn }] of path.slots.entries()) {
    if (dir === undefined) return undefined;
    if (index > 0) bus = await busBehind(dir, path);
    if (bus === undefined) return undefined;
    const next = join(dir, `${bus}:${slot.toString(16).padStart(2, '0')}.${fn}`);
    dir = (await exists(next)) ? next : undefined;
  }
  return dir;
}
