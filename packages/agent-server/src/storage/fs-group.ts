// SPDX-License-Identifier: Apache-2.0
import { type BigIntStats, closeSync, constants, fstatSync } from 'node:fs';
import { chmod, chown, type FileHandle, open, readdir } from 'node:fs/promises';
import type { Storage } from '@hako/protocols/agent';
import { FSGroupChangePolicy } from '@hako/protocols/types';
import { errnoName } from '../errors/describe-error.ts';
import type { GuestSystem } from '../system/guest-system.ts';
import type { StoragePlace } from './storage-place.ts';

const writable = 0o660;
const readable = 0o440;
const searchable = 0o110;
const setGroupId = 0o2000;
const permissionBits = 0o7777n;
const pathOnly = 0o10000000; // O_PATH, which Node does not name
const entryFlags = pathOnly | constants.O_NOFOLLOW;

/** The bits a file must have at least. */
function wantedBits(status: BigIntStats, fileBits: number): bigint {
  return BigInt(fileBits | (status.isDirectory() ? searchable | setGroupId : 0));
}

function isAsWanted(status: BigIntStats, groupId: number, fileBits: number): boolean {
  const wanted = wantedBits(status, fileBits);
  return status.gid === BigInt(groupId) && (status.mode & wanted) === wanted;
}

/** Changes one file and, for a directory, all below it. Descriptors lead, not names: no link can divert it. */
async function apply(fd: number, status: BigIntStats, groupId: number, fileBits: number): Promise<void> {
  const path = `/proc/self/fd/${fd}`;
  if (!isAsWanted(status, groupId, fileBits)) {
    await chown(path, Number(status.uid), groupId);
    await chmod(path, Number((status.mode & permissionBits) | wantedBits(status, fileBits)));
  }
  if (!status.isDirectory()) return;
  for (const name of await readdir(path, { encoding: 'buffer' })) {
    const entry = await openEntry(Buffer.concat([Buffer.from(`${path}/`), name]));
    if (entry === undefined) continue;
    try {
      const entryStatus = await entry.stat({ bigint: true });
      if (!entryStatus.isSymbolicLink()) await apply(entry.fd, entryStatus, groupId, fileBits);
    } finally {
      await entry.close();
    }
  }
}

/** @returns undefined for a file that has been removed meanwhile */
async function openEntry(path: Buffer): Promise<FileHandle | undefined> {
  try {
    return await open(path, entryFlags);
  } catch (error) {
    if (errnoName(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/**
 * Gives a volume to a group, as Kubernetes' `fsGroup` asks. Symbolic links are neither followed nor changed.
 *
 * @param storage - mounted; without `fsGroup` nothing happens
 */
export async function applyFsGroup(
  storage: Storage,
  { root, below }: StoragePlace,
  system: GuestSystem,
): Promise<void> {
  if (storage.fsGroup === undefined) return;
  const { groupId, groupChangePolicy } = storage.fsGroup;
  const fileBits = storage.options.includes('ro') ? readable : writable;
  using files = system.openRoot(root);
  const fd = files.open(below, { flags: entryFlags });
  try {
    const status = fstatSync(fd, { bigint: true });
    const onlyOnMismatch = groupChangePolicy === FSGroupChangePolicy.OnRootMismatch;
    if (onlyOnMismatch && isAsWanted(status, groupId, fileBits)) return;
    await apply(fd, status, groupId, fileBits);
  } finally {
    closeSync(fd);
  }
}
