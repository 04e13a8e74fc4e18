// SPDX-License-Identifier: Apache-2.0
import { closeSync, constants, fchmodSync, fchownSync, ftruncateSync, writeSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { errnoName } from '../../errors/describe-error.ts';
import type { RootFiles } from '../../system/guest-system.ts';
import { isSameEntry, type SnapshotEntry, type TreeSnapshot, watchLimits } from './tree-snapshot.ts';

const { O_CREAT, O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_WRONLY } = constants;

/** Where one storage is copied from and to. */
export interface Mirror {
  /** Path of the source, trusted. */
  readonly source: string;
  /** What the target lies below. */
  readonly files: RootFiles;
  /** Path of the target below that. */
  readonly below: string;
}

/** A name beside an entry under which it is made before it takes its place. */
function besides(path: string): string {
  return join(dirname(path), `.${basename(path)}.hako-partial`);
}

/** The content of a file; undefined when it has gone, or has grown beyond the limit since it was seen. */
async function readSource(path: string): Promise<Uint8Array | undefined> {
  try {
    await using file = await open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    const status = await file.stat();
    if (!status.isFile() || status.size > watchLimits.bytes) return undefined;
    return await file.readFile();
  } catch (error) {
    const code = errnoName(error);
    if (code === 'ENOENT' || code === 'ELOOP') return undefined;
    throw error;
  }
}

function writeTarget(files: RootFiles, path: string, data: Uint8Array, entry: SnapshotEntry): void {
  const fd = files.open(path, { flags: O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK, mode: 0o600 });
  try {
    for (let done = 0; done < data.length;) done += writeSync(fd, data, done, data.length - done, done);
    ftruncateSync(fd, data.length);
    fchownSync(fd, entry.uid, entry.gid);
    fchmodSync(fd, entry.mode);
  } finally {
    closeSync(fd);
  }
}

/** @returns whether it is there now */
async function copyEntry(
  { source, files, below }: Mirror,
  name: string,
  entry: SnapshotEntry,
): Promise<boolean> {
  const to = join(below, name);
  if (entry.kind === 'directory') {
    if (files.status(to) === undefined) files.makeDirectory(to, 0o700);
    files.changeOwner(to, entry.uid, entry.gid);
    files.changeMode(to, entry.mode);
    return true;
  }
  // A container may hold the one file of a storage by a bind mount of its own: it is written where it is.
  const isWhole = name === '.';
  const partial = isWhole ? to : besides(to);
  if (entry.kind === 'link') {
    files.remove(partial);
    files.createSymlink(Buffer.from(entry.content), partial);
    files.changeOwner(partial, entry.uid, entry.gid);
  } else {
    const data = await readSource(join(source, name));
    if (data === undefined) return false;
    writeTarget(files, partial, data, entry);
  }
  if (!isWhole) files.rename(partial, to);
  return true;
}

const order: readonly SnapshotEntry['kind'][] = ['directory', 'file', 'link'];

/**
 * Makes the target what the source is. New directories and files come first, then links, each at once in the place of the
 * old one, and what is gone last: so a `..data` link never leads to something that is not there yet, or not any more.
 *
 * @param before - what the target holds
 * @returns what the target holds now; whatever changed under way is left for the next time
 */
export async function mirrorTree(
  mirror: Mirror,
  before: TreeSnapshot,
  wanted: TreeSnapshot,
): Promise<TreeSnapshot> {
  const { files, below } = mirror;
  const present = new Map(before);
  for (const [name, { kind }] of before) {
    const next = wanted.get(name)?.kind;
    // A file and a link take each other's place by themselves.
    if (next === undefined || next === kind || (next !== 'directory' && kind !== 'directory')) continue;
    files.remove(join(below, name));
    for (const other of before.keys()) {
      if (name === '.' || other === name || other.startsWith(`${name}/`)) present.delete(other);
    }
  }
  for (const kind of order) {
    for (const [name, entry] of wanted) {
      if (entry.kind !== kind || isSameEntry(entry, present.get(name))) continue;
      if (await copyEntry(mirror, name, entry)) present.set(name, entry);
    }
  }
  for (const name of [...present.keys()]) {
    if (wanted.has(name)) continue;
    files.remove(join(below, name));
    present.delete(name);
  }
  return present;
}
