// SPDX-License-Identifier: Apache-2.0
import type { BigIntStats } from 'node:fs';
import { lstat, readdir, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoName } from '../../errors/describe-error.ts';

/** What a watched storage may hold, as upstream. Beyond that it is bound instead of copied. */
export const watchLimits = {
  /** Files, links and directories, the storage itself included. */
  entries: 16,
  /** In all files together. */
  bytes: 1024 * 1024,
} as const;

/** A file, directory or link as it was seen. */
export interface SnapshotEntry {
  readonly kind: 'file' | 'directory' | 'link';
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Text of a link; what tells one content of a file from the next; nothing for a directory. */
  readonly content: string;
}

/** Entries by their path below the source, parents before what they hold; the source itself is `.`. */
export type TreeSnapshot = ReadonlyMap<string, SnapshotEntry>;

const permissionBits = 0o7777n;

function kindOf(status: BigIntStats): SnapshotEntry['kind'] | undefined {
  if (status.isFile()) return 'file';
  if (status.isDirectory()) return 'directory';
  return status.isSymbolicLink() ? 'link' : undefined;
}

async function contentOf(kind: SnapshotEntry['kind'], path: string, status: BigIntStats): Promise<string> {
  if (kind === 'directory') return '';
  if (kind === 'link') return await readlink(path);
  return [status.ino, status.size, status.mtimeNs].join(' ');
}

/** A file that is replaced while it is looked at is seen the next time. */
async function unlessGone<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    const code = errnoName(error);
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'EINVAL') return undefined;
    throw error;
  }
}

/**
 * Looks at a file or a whole directory; links are not followed, and nothing but files, directories and links is seen.
 *
 * @returns undefined when it is more than {@link watchLimits} allow
 * @throws the error of the kernel when the source itself cannot be read
 */
export async function takeSnapshot(source: string): Promise<TreeSnapshot | undefined> {
  const found = new Map<string, SnapshotEntry>();
  const counts = { entries: 0, bytes: 0n };

  async function visit(below: string): Promise<boolean> {
    const path = join(source, below);
    const status = await lstat(path, { bigint: true });
    const kind = kindOf(status);
    if (kind === undefined) return true;
    counts.entries += 1;
    if (kind === 'file') counts.bytes += status.size;
    if (counts.entries > watchLimits.entries || counts.bytes > watchLimits.bytes) return false;
    found.set(below, {
      kind,
      mode: Number(status.mode & permissionBits),
      uid: Number(status.uid),
      gid: Number(status.gid),
      content: await contentOf(kind, path, status),
    });
    if (kind !== 'directory') return true;
    for (const name of await readdir(path)) {
      const fits = await unlessGone(() => visit(join(below, name)));
      if (fits === false) return false;
    }
    return true;
  }

  return (await visit('.')) ? found : undefined;
}

/** Whether two entries are the same in all that is copied. */
export function isSameEntry(left: SnapshotEntry, right: SnapshotEntry | undefined): boolean {
  return (
    right !== undefined &&
    left.kind === right.kind &&
    left.mode === right.mode &&
    left.uid === right.uid &&
    left.gid === right.gid &&
    left.content === right.content
  );
}
