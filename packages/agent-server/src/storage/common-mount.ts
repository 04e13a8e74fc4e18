// SPDX-License-Identifier: Apache-2.0
import { chmod, mkdir, stat, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { MountFlag } from '@hako/linux';
import type { Storage } from '@hako/protocols/agent';
import { AgentError } from '../errors/agent-error.ts';
import { errnoName } from '../errors/describe-error.ts';
import { mountAt } from '../system/mount-table.ts';
import type { Mounter } from '../system/mounter.ts';
import { storageMountOptions } from './mount-options.ts';

const directoryMode = 0o755;
const fileMode = 0o644;

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
async function createTarget(storage: Storage): Promise<void> {
  if (storage.fstype === 'bind' && !(await isDirectory(storage.source))) {
    await mkdir(dirname(storage.mountPoint), { recursive: true, mode: directoryMode });
    try {
      await writeFile(storage.mountPoint, '', { flag: 'wx', mode: fileMode });
    } catch (error) {
      if (errnoName(error) !== 'EEXIST') throw error;
    }
    return;
  }
  await mkdir(storage.mountPoint, { recursive: true, mode: directoryMode });
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
function bindMount(storage: Storage, flags: readonly MountFlag[], mounter: Mounter): void {
  const recursive: readonly MountFlag[] = flags.includes('rec') ? ['rec'] : [];
  const place = { source: storage.source, target: storage.mountPoint };
  mounter.mount({ ...place, flags: ['bind', ...recursive] });
  const own = flags.filter((flag) => remountedFlags.has(flag));
  if (own.length > 0) mounter.mount({ ...place, flags: ['bind', 'remount', ...own] });
  const propagation = flags.filter((flag) => propagationFlags.has(flag));
  if (propagation.length > 0) mounter.mount({ ...place, flags: [...propagation, ...recursive] });
}

/**
 * The mount most drivers end in: checks the fields, makes the target, mounts. A target that already carries a file system of
 * the same type is left as it is, unless `remount` is asked for.
 *
 * @throws AgentError `storage_failed`
 */
export async function commonMount(storage: Storage, mounter: Mounter): Promise<void> {
  checkFields(storage);
  const { flags, data } = storageMountOptions(storage.options);
  await createTarget(storage);
  if (!flags.includes('remount')) {
    const present = mountAt(await mounter.list(), storage.mountPoint);
    if (present !== undefined && present.fstype === storage.fstype) return;
  }
  try {
    if (storage.fstype === 'bind') bindMount(storage, flags, mounter);
    else {
      const { source, mountPoint: target, fstype } = storage;
      mounter.mount({ source, target, fstype, flags, ...(data === '' ? {} : { data }) });
    }
  } catch (error) {
    const what = `${storage.fstype} ${storage.source} cannot be mounted on ${storage.mountPoint}`;
    throw new AgentError('storage_failed', what, { operand: storage.mountPoint, cause: error });
  }
}

/** Makes a directory with all its parents and gives it exactly this mode. */
export async function makeDirectoryWithMode(path: string, mode: number): Promise<void> {
  await mkdir(path, { recursive: true, mode: directoryMode });
  await chmod(path, mode);
}
