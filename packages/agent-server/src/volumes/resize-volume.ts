// SPDX-License-Identifier: Apache-2.0
import { statfs } from 'node:fs/promises';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { AgentError } from '../errors/agent-error.ts';
import { errnoName } from '../errors/describe-error.ts';
import type { GrowableFileSystem, GuestSystem } from '../system/guest-system.ts';
import type { OpenVolume } from './open-volume.ts';
import { findVolumeDevice, waitForSize } from './volume-device.ts';

/** By the magic number statfs(2) gives. Source: <linux/magic.h>; ext2 and ext3 have that of ext4. */
const growable: ReadonlyMap<bigint, GrowableFileSystem> = new Map([
  [0xef53n, 'ext4'],
  [0x58465342n, 'xfs'],
]);

/** The kernel is asked in steps, because other calls wait while it works. */
const stepBytes = 16n * 1024n * 1024n * 1024n;

/** What a resize works with. */
export interface ResizeOptions {
  /** How long the device may take to have the size. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** Sizes from the present one to the wanted one, in blocks, the wanted one last. */
function* stepsTo(wanted: bigint, present: bigint, stepBlocks: bigint): Generator<bigint> {
  for (let blocks = present + stepBlocks; blocks < wanted; blocks += stepBlocks) yield blocks;
  yield wanted;
}

/**
 * Makes the file system of a volume fill its device up to a size, while it is in use. The file system does it itself; no
 * program is needed.
 *
 * @param sizeBytes - wanted size; 0 is the whole device. Rounded down to a block
 * @throws AgentError `storage_failed` for a file system that cannot grow, one without a block device, a device that is too
 * small, and a size smaller than the present one
 */
export async function resizeVolume(
  system: GuestSystem,
  volume: OpenVolume,
  sizeBytes: bigint,
  options: ResizeOptions,
): Promise<void> {
  const { type, bsize, blocks: present } = await statfs(volume.path, { bigint: true });
  const fstype = growable.get(type);
  if (fstype === undefined) {
    const magic = `0x${type.toString(16)}`;
    throw new AgentError(
      'storage_failed',
      `file system of type ${magic} cannot be resized; ext4 and xfs can`,
    );
  }
  const device = await findVolumeDevice(volume.path);
  if (sizeBytes !== 0n) await waitForSize(device, sizeBytes, options);
  const wanted = (sizeBytes === 0n ? await device.sizeBytes() : sizeBytes) / bsize;
  for (const blocks of stepsTo(wanted, present, stepBytes / bsize)) {
    options.signal.throwIfAborted();
    try {
      system.growFileSystem(volume.fd, fstype, blocks);
    } catch (error) {
      // What statfs tells leaves the file system's own blocks out, so the first steps may be behind its size.
      if (errnoName(error) === 'EINVAL' && blocks !== wanted) continue;
      const problem = `${fstype} on device ${device.number} cannot be given ${wanted.toString()} blocks`;
      throw new AgentError('storage_failed', problem, { operand: device.number, cause: error });
    }
    await nextTurn();
  }
}
