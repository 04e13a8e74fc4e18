// SPDX-License-Identifier: Apache-2.0
import { lstat, lchown, chmod, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Storage } from '@hako/protocols/agent';
import { FSGroupChangePolicy } from '@hako/protocols/types';

const writable = 0o660;
const readable = 0o440;
const searchable = 0o110;
const setGroupId = 0o2000;
const permissionBits = 0o7777;

async function apply(path: string, groupId: number, fileBits: number): Promise<void> {
  const status = await lstat(path);
  if (status.isSymbolicLink()) return;
  await lchown(path, status.uid, groupId);
  const directoryBits = status.isDirectory() ? searchable | setGroupId : 0;
  await chmod(path, (status.mode & permissionBits) | fileBits | directoryBits);
  if (!status.isDirectory()) return;
  for (const name of await readdir(path)) await apply(join(path, name), groupId, fileBits);
}

/** True when the root of the volume already looks as the walk would leave it. */
async function rootMatches(path: string, groupId: number, fileBits: number): Promise<boolean> {
  const status = await lstat(path);
  const wanted = fileBits | searchable | setGroupId;
  return status.gid === groupId && (status.mode & wanted) === wanted;
}

/**
 * Gives a volume to a group, as Kubernetes' `fsGroup` asks. Symbolic links are neither followed nor changed.
 *
 * @param storage - mounted; without `fsGroup` nothing happens
 */
export async function applyFsGroup(storage: Storage): Promise<void> {
  if (storage.fsGroup === undefined) return;
  const { groupId, groupChangePolicy } = storage.fsGroup;
  const fileBits = storage.options.includes('ro') ? readable : writable;
  const onlyOnMismatch = groupChangePolicy === FSGroupChangePolicy.OnRootMismatch;
  if (onlyOnMismatch && (await rootMatches(storage.mountPoint, groupId, fileBits))) return;
  await apply(storage.mountPoint, groupId, fileBits);
}
