// SPDX-License-Identifier: Apache-2.0
import { type BigIntStats, fstatSync } from 'node:fs';

/** Type of a file. */
export type FileKind = 'file' | 'directory' | 'symlink' | 'block' | 'character' | 'fifo' | 'socket';

/** What stat(2) says about a file. */
export interface FileStatus {
  readonly kind: FileKind;
  /** Permission bits with setuid, setgid and sticky (07777), without the type. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly sizeBytes: bigint;
}

/** fstat(2), also of an `O_PATH` descriptor. */
export function statusOf(fd: number): FileStatus {
  const stats = fstatSync(fd, { bigint: true });
  return {
    kind: kindOf(stats),
    mode: Number(stats.mode & 0o7777n),
    uid: Number(stats.uid),
    gid: Number(stats.gid),
    sizeBytes: stats.size,
  };
}

function kindOf(stats: BigIntStats): FileKind {
  if (stats.isDirectory()) return 'directory';
  if (stats.isSymbolicLink()) return 'symlink';
  if (stats.isBlockDevice()) return 'block';
  if (stats.isCharacterDevice()) return 'character';
  if (stats.isFIFO()) return 'fifo';
  if (stats.isSocket()) return 'socket';
  return 'file';
}
