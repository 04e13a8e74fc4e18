// SPDX-License-Identifier: Apache-2.0
import { stat } from 'node:fs/promises';
import { HypervisorError } from '../hypervisor-error.ts';
import { isWholeNumber } from '../whole-number.ts';
import type { PluggableDevice } from './pluggable-device.ts';

/** What disks of machines are counted in. */
const sectorBytes = 512;

/**
 * Checks that a plugged device is a disk that may get a size, and that its file loses nothing by it.
 *
 * @returns the disk, and whether it is a file of the host, which is to be extended
 * @throws HypervisorError `invalid_device`
 */
export async function checkDiskGrowth(
  device: PluggableDevice | undefined,
  id: string,
  sizeBytes: number,
): Promise<{ readonly disk: PluggableDevice<'block'>; readonly isFile: boolean }> {
  const refused = (what: string, operand: string, cause?: unknown): HypervisorError =>
    new HypervisorError('invalid_device', `device ${id} ${what}`, { operand, cause });
  if (device?.kind !== 'block') throw refused('is no disk', 'id');
  if (device.readOnly) throw refused('is read-only', 'readOnly');
  if (!isWholeNumber(sizeBytes, 1) || sizeBytes % sectorBytes !== 0)
    throw refused(`cannot have ${sizeBytes} bytes`, 'sizeBytes');
  const found = await stat(device.path).catch((cause: unknown) => {
    throw refused(`has lost ${device.path}`, 'path', cause);
  });
  const isFile = found.isFile();
  if (isFile && found.size > sizeBytes)
    throw refused(`has ${found.size} bytes and cannot shrink to ${sizeBytes}`, 'sizeBytes');
  return { disk: device, isFile };
}
