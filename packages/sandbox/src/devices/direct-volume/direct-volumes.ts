// SPDX-License-Identifier: Apache-2.0
import { join, resolve } from 'node:path';

import { withDeadline, type WaitOptions } from '../../deadline.ts';
import { findSandbox, type RegistryOptions } from '../../run/sandbox-registry.ts';
import { SandboxError } from '../../sandbox-error.ts';
import { defaultDirectVolumes } from './descriptor-place.ts';
import type { DirectVolume } from './descriptor.ts';

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
  const { directVolumes = defaultDirectVolumes } = options;
  const path = resolve(volumePath);
  const [{ readDirectVolume }, { volumeUsers }, { readVolumeStats }] = await Promise.all([
    import('./descriptor.ts'),
    import('./volume-users.ts'),
    import('./volume-stats.ts'),
  ]);
  if ((await readDirectVolume(path, directVolumes)) === undefined)
    throw new SandboxError('invalid_options', `no disk is assigned to ${path}`, {
      remedy: 'see `hako volume add`',
    });
  for (const { sandboxId, guestPath } of await volumeUsers(path, directVolumes)) {
    const found = await findSandbox(sandboxId, options).catch(() => undefined);
    if (found?.status !== 'running') continue;
    const socket = join(found.directory, 'agent.sock');
    return withDeadline('look at the volume', { timeoutMs: statsTimeoutMs, ...options }, (signal) =>
      readVolumeStats(socket, guestPath, signal),
    );
  }
  throw new SandboxError('invalid_state', `no running sandbox has the volume ${path}`, {
    remedy: 'see `hako ps`',
  });
}
