// SPDX-License-Identifier: Apache-2.0
import { exists } from '../devices/sysfs.ts';
import type { Logger } from '../logging/logger.ts';
import type { ProgramRunner } from '../system/program-runner.ts';
import { loadModule } from './load-module.ts';

/** QEMU's pvpanic, by which a kernel tells the host that it panics (docs/specs/pvpanic of QEMU). */
const panicDevice = '/sys/bus/acpi/devices/QEMU0001:00';

/** Loads the driver of the device that tells the host of a panic, if the machine has one: few do. */
export async function loadPanicDriver(
  runProgram: ProgramRunner,
  logger: Logger,
  devicePath = panicDevice,
): Promise<void> {
  if (await exists(devicePath)) await loadModule('pvpanic-mmio', runProgram, logger);
}
