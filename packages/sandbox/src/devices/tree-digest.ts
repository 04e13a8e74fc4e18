// SPDX-License-Identifier: Apache-2.0
import { createHash, type Hash } from 'node:crypto';
import { lstat, readdir } from 'node:fs/promises';

import { throwIfAborted } from '../deadline.ts';

/**
 * Digest of a tree of files by what the file system says of each: any change of content, name, owner or attribute changes
 * it, because it changes the time of the last change, which nobody can set.
 * @param root a directory
 * @param signal ends the work with code `aborted`
 */
export async function treeDigest(root: string, signal: AbortSignal | undefined): Promise<string> {
  const hash = createHash('sha256');
  await addEntry(hash, Buffer.from(root), signal);
  return hash.digest('hex');
}

/** Names are bytes: not every one is text. */
async function addEntry(hash: Hash, path: Buffer, signal: AbortSignal | undefined): Promise<void> {
  throwIfAborted(signal);
  const found = await lstat(path, { bigint: true });
  const { dev, ino, mode, nlink, uid, gid, rdev, size, mtimeNs, ctimeNs } = found;
  hash.update(path).update('\0');
  hash.update([dev, ino, mode, nlink, uid, gid, rdev, size, mtimeNs, ctimeNs].join(' '));
  if (!found.isDirectory()) return;
  const names = await readdir(path, { encoding: 'buffer' });
  for (const name of names.sort((a, b) => Buffer.compare(a, b)))
    await addEntry(hash, Buffer.concat([path, Buffer.from('/'), name]), signal);
}
