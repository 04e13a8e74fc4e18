// SPDX-License-Identifier: Apache-2.0
import { AgentError } from '../errors/agent-error.ts';
import { errnoName } from '../errors/describe-error.ts';
import { mountAt } from '../system/mount-table.ts';
import type { AttachedStorage, StorageTools } from './storage-driver.ts';
import { removeStorageDirectory, storagePlace } from './storage-place.ts';

/** What unmounting takes. */
type UnmountTools = Pick<StorageTools, 'mounter' | 'paths' | 'system'>;

/**
 * Unmounts what is mounted at a path, and removes the directory.
 *
 * @param options - `detach`: also when it is busy
 * @throws AgentError `storage_failed` when something is left in the directory
 */
export async function unmountStorage(
  path: string,
  tools: UnmountTools,
  options: { readonly detach?: boolean } = {},
): Promise<void> {
  const { mounter, paths } = tools;
  const place = storagePlace(paths, path);
  if (mountAt(await mounter.list(), path) !== undefined)
    mounter.unmount(path, { ...options, root: place.root });
  try {
    removeStorageDirectory(tools, place);
  } catch (error) {
    if (errnoName(error) !== 'ENOTEMPTY') return;
    throw new AgentError('storage_failed', `storage ${path} is not empty after unmounting`, {
      operand: path,
      cause: error,
    });
  }
}

/** A storage that is nothing but a mount. */
export function mountedStorage(path: string, tools: UnmountTools): AttachedStorage {
  return { detach: () => unmountStorage(path, tools) };
}
