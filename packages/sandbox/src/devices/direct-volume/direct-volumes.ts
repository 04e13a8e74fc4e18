// SPDX-License-Identifier: Apache-2.0
import { join, resolve } from 'node:path';

import { withDeadline, type WaitOptions } from '../../deadline.ts';
import {
  findSandbox,
  isRunning,
  type RegistryOptions,
  type SandboxListing,
} from '../../run/sandbox-registry.ts';
import { SandboxError } from '../../sandbox-error.ts';
import { isWholeNumber } from '../../whole-number.ts';
import { defaultDirectVolumes } from './descriptor-place.ts';
import type { DirectVolume } from './descriptor.ts';
import type { VolumeUser } from './volume-users.ts';

/** Where descriptors are. */
export interface DirectVolumeOptions {
  /** Directory of all descriptors. Default: Kata's, `/run/kata-containers/shared/direct-volumes`. */
  readonly directVolumes?: string;
}

/** How full a volume is. */
export interface VolumeUsage {
  readonly unit: 'bytes' | 'inodes';
  readonly total: bigint;
  readonly used: bigint;
  readonly available: bigint;
}

const statsTimeoutMs = 10_000;
const resizeTimeoutMs = 60_000;

/** What disks of machines are counted in. */
const sectorBytes = 512;

/**
 * Assigns a disk to a directory of the host: containers that bind the directory get the disk's file system, which is mounted
 * in their machine and not on the host. Error: `invalid_options`.
 * @param volumePath the directory
 * @param volume the disk
 * @param options where descriptors are
 */
export async function addDirectVolume(
  volumePath: string,
  volume: DirectVolume,
  { directVolumes = defaultDirectVolumes }: DirectVolumeOptions = {},
): Promise<void> {
  const [{ checkBlockVolume }, { toBlockVolume }, { writeDirectVolume }] = await Promise.all([
    import('../check-disk.ts'),
    import('./to-block-volume.ts'),
    import('./descriptor.ts'),
  ]);
  await checkBlockVolume(toBlockVolume(volume, { destination: '/volume', readOnly: false }));
  await writeDirectVolume(volumePath, volume, directVolumes);
}

/**
 * Takes the assignment back; containers keep what they have. Idempotent.
 * @param volumePath the directory
 * @param options where descriptors are
 */
export async function removeDirectVolume(
  volumePath: string,
  { directVolumes = defaultDirectVolumes }: DirectVolumeOptions = {},
): Promise<void> {
  const { deleteDirectVolume } = await import('./descriptor.ts');
  await deleteDirectVolume(volumePath, directVolumes);
}

/**
 * Asks the guest that has a direct-assigned volume how full it is. Errors: `invalid_options` when nothing is assigned to the
 * directory, `invalid_state` when no sandbox has it, `vm_exited`, `agent_failed`, `timeout`, `aborted`.
 * @param volumePath the directory
 * @param options where descriptors and sandboxes are; limits, default 10 s
 */
export async function directVolumeStats(
  volumePath: string,
  options: DirectVolumeOptions & RegistryOptions & WaitOptions = {},
): Promise<readonly VolumeUsage[]> {
  const { found, guestPath } = await runningUser(volumePath, options);
  const { readVolumeStats } = await import('./volume-agent.ts');
  return withDeadline('look at the volume', { timeoutMs: statsTimeoutMs, ...options }, (signal) =>
    readVolumeStats({ socket: agentSocket(found), guestPath }, signal),
  );
}

/**
 * Makes a direct-assigned volume larger while containers use it: first its disk - a file is extended, a block device has to be
 * that large already - then the file system, in the guest. Nothing is lost, and a resize that failed half-way may be tried
 * again. Errors: `invalid_options` when nothing is assigned to the directory, for a size that is smaller than the present one
 * or no multiple of 512, a read-only volume and a block device that is too small; `invalid_state` when no sandbox has it;
 * `device_failed`, `agent_failed` for a file system that cannot grow (ext4 and xfs can), `vm_exited`, `timeout`, `aborted`.
 * @param volumePath the directory
 * @param sizeBytes the size of disk and file system
 * @param options where descriptors and sandboxes are; limits, default 60 s
 */
export async function resizeDirectVolume(
  volumePath: string,
  sizeBytes: number,
  options: DirectVolumeOptions & RegistryOptions & WaitOptions = {},
): Promise<void> {
  if (!isWholeNumber(sizeBytes, 1) || sizeBytes % sectorBytes !== 0) {
    throw new SandboxError('invalid_options', `a volume cannot have ${sizeBytes} bytes`, {
      remedy: `give a multiple of ${sectorBytes}`,
    });
  }
  const { found, guestPath, device } = await runningUser(volumePath, options);
  const [{ askForDisk }, { growVolume, readVolumeStats }] = await Promise.all([
    import('../disk-service.ts'),
    import('./volume-agent.ts'),
  ]);
  const volume = { socket: agentSocket(found), guestPath };
  await withDeadline('resize of the volume', { timeoutMs: resizeTimeoutMs, ...options }, async (signal) => {
    const usage = await readVolumeStats(volume, signal);
    const present = usage.find(({ unit }) => unit === 'bytes')?.total ?? 0n;
    if (present > BigInt(sizeBytes)) {
      throw new SandboxError(
        'invalid_options',
        `volume ${resolve(volumePath)} has ${present} bytes and cannot shrink to ${sizeBytes}`,
      );
    }
    await askForDisk(found.directory, device, sizeBytes, signal);
    await growVolume(volume, sizeBytes, signal);
  });
}

interface RunningUser extends Pick<VolumeUser, 'guestPath'>, Pick<DirectVolume, 'device'> {
  readonly found: SandboxListing;
}

/** The first running sandbox that has a volume. */
async function runningUser(
  volumePath: string,
  options: DirectVolumeOptions & RegistryOptions,
): Promise<RunningUser> {
  const { directVolumes = defaultDirectVolumes } = options;
  const path = resolve(volumePath);
  const [{ readDirectVolume }, { volumeUsers }] = await Promise.all([
    import('./descriptor.ts'),
    import('./volume-users.ts'),
  ]);
  const volume = await readDirectVolume(path, directVolumes);
  if (volume === undefined)
    throw new SandboxError('invalid_options', `no disk is assigned to ${path}`, {
      remedy: 'see `hako volume add`',
    });
  for (const { sandboxId, guestPath } of await volumeUsers(path, directVolumes)) {
    const found = await findSandbox(sandboxId, options).catch(() => undefined);
    if (found !== undefined && isRunning(found)) return { found, guestPath, device: volume.device };
  }
  throw new SandboxError('invalid_state', `no running sandbox has the volume ${path}`, {
    remedy: 'see `hako ps`',
  });
}

function agentSocket({ directory }: SandboxListing): string {
  return join(directory, 'agent.sock');
}
