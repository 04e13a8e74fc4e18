// SPDX-License-Identifier: Apache-2.0
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { validateId } from '../../run/sandbox-id.ts';
import { descriptorDirectory, descriptorFile } from './descriptor-place.ts';

/** A sandbox that has a direct volume. */
export interface VolumeUser {
  readonly sandboxId: string;
  /** Where the guest has the volume's file system mounted. */
  readonly guestPath: string;
}

/**
 * Notes beside a descriptor which sandbox has the volume: a file with the sandbox's name, as Kata has it, that says where
 * the guest has mounted it.
 * @param volumePath directory of the host
 * @param user the sandbox
 * @param root directory of all descriptors
 */
export async function noteVolumeUser(volumePath: string, user: VolumeUser, root: string): Promise<void> {
  await writeFile(join(descriptorDirectory(volumePath, root), user.sandboxId), user.guestPath, {
    mode: 0o600,
  });
}

/**
 * Takes that back.
 * @param volumePath directory of the host
 * @param sandboxId the sandbox
 * @param root directory of all descriptors
 */
export async function forgetVolumeUser(volumePath: string, sandboxId: string, root: string): Promise<void> {
  await rm(join(descriptorDirectory(volumePath, root), sandboxId), { force: true });
}

/**
 * Finds the sandboxes that have a direct volume.
 * @param volumePath directory of the host
 * @param root directory of all descriptors
 */
export async function volumeUsers(volumePath: string, root: string): Promise<readonly VolumeUser[]> {
  const directory = descriptorDirectory(volumePath, root);
  const names = await readdir(directory).catch(() => []);
  const users = await Promise.all(
    names.filter(isSandboxId).map(async (sandboxId) => {
      const guestPath = await readFile(join(directory, sandboxId), 'utf8').catch(() => '');
      return { sandboxId, guestPath };
    }),
  );
  return users.filter(({ guestPath }) => guestPath !== '');
}

function isSandboxId(name: string): boolean {
  // The descriptor, and one that is being written.
  if (name.startsWith(descriptorFile)) return false;
  try {
    validateId(name, '/');
    return true;
  } catch {
    return false;
  }
}
