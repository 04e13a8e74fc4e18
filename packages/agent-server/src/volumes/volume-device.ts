// SPDX-License-Identifier: Apache-2.0
import { readFile, stat, writeFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { splitDeviceNumber } from '../devices/device-number.ts';
import { AgentError } from '../errors/agent-error.ts';
import { errnoName } from '../errors/describe-error.ts';

const pollMs = 50;
/** Unit of `size` in sysfs, whatever the sectors of the disk are. Source: Documentation/ABI/stable/sysfs-block. */
const sectorBytes = 512n;

/** The block device a file system lies on. */
export interface VolumeDevice {
  /** `MAJOR:MINOR`. */
  readonly number: string;
  /** Its size now, in bytes. */
  sizeBytes(): Promise<bigint>;
}

/**
 * Finds the device below a file system.
 *
 * @param path - of anything on it
 * @throws AgentError `storage_failed` when there is no block device below it
 */
export async function findVolumeDevice(path: string, sysDir = '/sys'): Promise<VolumeDevice> {
  const { dev } = await stat(path, { bigint: true });
  const { major, minor } = splitDeviceNumber(dev);
  const number = `${major}:${minor}`;
  const sizeFile = `${sysDir}/dev/block/${number}/size`;
  async function sizeBytes(): Promise<bigint> {
    try {
      return BigInt((await readFile(sizeFile, 'utf8')).trim()) * sectorBytes;
    } catch (error) {
      throw new AgentError('storage_failed', `no block device ${number} below the volume`, {
        operand: number,
        cause: error,
      });
    }
  }
  await sizeBytes();
  return { number, sizeBytes };
}

/** Makes the kernel ask a SCSI disk for its size again; others tell by themselves. */
async function rescan(number: string, sysDir: string): Promise<void> {
  try {
    await writeFile(`${sysDir}/dev/block/${number}/device/rescan`, '1', { flag: 'r+' });
  } catch (error) {
    if (errnoName(error) === undefined) throw error;
  }
}

/**
 * Waits until a device has a size; the host makes it larger just before it tells the agent.
 *
 * @throws AgentError `storage_failed` when it is smaller still after the time
 */
export async function waitForSize(
  device: VolumeDevice,
  wantedBytes: bigint,
  options: { readonly timeoutMs: number; readonly signal: AbortSignal },
  sysDir = '/sys',
): Promise<void> {
  const deadlineMs = performance.now() + options.timeoutMs;
  for (;;) {
    const present = await device.sizeBytes();
    if (present >= wantedBytes) return;
    if (performance.now() >= deadlineMs) {
      const problem = `device ${device.number} has ${present.toString()} bytes, not ${wantedBytes.toString()}`;
      throw new AgentError('storage_failed', problem, { operand: device.number });
    }
    await rescan(device.number, sysDir);
    await delay(pollMs, undefined, { signal: options.signal });
  }
}
