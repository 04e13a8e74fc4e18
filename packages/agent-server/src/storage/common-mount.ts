// SPDX-License-Identifier: Apache-2.0
import { stat } from 'node:fs/promises';
import type { MountFlag } from '@hako/linux';
import type { Storage } from '@hako/protocols/agent';
import { AgentError } from '../errors/agent-error.ts';
import { mountAt } from '../system/mount-table.ts';
import type { Mounter } from '../system/mounter.ts';
import { storageMountOptions } from './mount-options.ts';
import type { StorageTools } from './storage-driver.ts';
import { makeStorageDirectory, makeStorageFile, storagePlace, type StoragePlace } from './storage-place.ts';

/** What {@link commonMount} works with. */
export type MountTools = Pick<StorageTools, 'mounter' | 'paths' | 'system'>;

/** Flags that a bind mount ignores at first and takes only when it is remounted. */
const remountedFlags: ReadonlySet<MountFlag> = new Set<MountFlag>([
  'ro',
  'nosuid',
  'nodev',
  'noexec',
  'noatime',
  'nodiratime',
]);
const propagationFlags: ReadonlySet<MountFlag> = new Set<MountFlag>([
  'private',
  'shared',
  'slave',
  'unbindable',
]);

async function isDirectory(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch (error) {
    throw new AgentError('storage_failed', `storage source ${path} cannot be read`, {
      operand: path,
      cause: error,
    });
  }
}

/** Makes what the mount goes onto: a directory, or an empty file for a file that is bound. */
async function makeTarget(storage: Storage, tools: MountTools): Promise<StoragePlace> {
  const isFile = storage.fstype === 'bind' && !(await isDirectory(storage.source));
  return await (isFile ? makeStorageFile : makeStorageDirectory)(tools, storage.mountPoint);
}

function checkFields(storage: Storage): void {
  for (const [name, text] of [
    ['source', storage.source],
    ['mount point', storage.mountPoint],
    ['fstype', storage.fstype],
  ] as const) {
    if (text === '')
      throw new AgentError('storage_failed', `storage of driver ${storage.driver} has no ${name}`);
  }
}

/** A bind mount; its own flags and its propagation take further calls. */
function bindMount(
  mounter: Mounter,
  place: { readonly source: string; readonly target: string; readonly root: string },
  flags: readonly MountFlag[],
  sourceRoot: string,
): void {
  const recursive: readonly MountFlag[] = flags.includes('rec') ? ['rec'] : [];
  if (!flags.includes('remount')) mounter.mount({ ...place, sourceRoot, flags: ['bind', ...recursive] });
  const own = flags.filter((flag) => remountedFlags.has(flag));
  if (own.length > 0) mounter.mount({ ...place, flags: ['bind', 'remount', ...own] });
  const propagation = flags.filter((flag) => propagationFlags.has(flag));
  if (propagation.length > 0) mounter.mount({ ...place, flags: [...propagation, ...recursive] });
}

/**
 * The mount most drivers end in: checks the fields, makes the target, mounts. A target that already carries a file system of
 * the same type is left as it is, unless `remount` is asked for. The target, and the source of a bind mount, lie below the
 * agent's directory, and no link leads out of it.
 *
 * @returns where it has been mounted
 * @throws AgentError `storage_failed`, `path_refused`
 */
export async function commonMount(storage: Storage, tools: MountTools): Promise<StoragePlace> {
  const { mounter, paths } = tools;
  checkFields(storage);
  const { flags, data } = storageMountOptions(storage.options);
  const isBind = storage.fstype === 'bind';
  const sourceRoot = isBind ? storagePlace(paths, storage.source).root : '';
  try {
    const place = await makeTarget(storage, tools);
    if (!flags.includes('remount')) {
      const present = mountAt(await mounter.list(), storage.mountPoint);
      if (present !== undefined && present.fstype === storage.fstype) return place;
    }
    const { source, mountPoint: target, fstype } = storage;
    const { root } = place;
    if (isBind) bindMount(mounter, { source, target, root }, flags, sourceRoot);
    else mounter.mount({ source, target, root, fstype, flags, ...(data === '' ? {} : { data }) });
    return place;
  } catch (error) {
    if (error instanceof AgentError) throw error;
    const what = `${storage.fstype} ${storage.source} cannot be mounted on ${storage.mountPoint}`;
    throw new AgentError('storage_failed', what, { operand: storage.mountPoint, cause: error });
  }
}
