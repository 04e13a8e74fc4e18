// SPDX-License-Identifier: Apache-2.0
import { readdir, readFile, realpath, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';

import { parseMountTable } from '../../mount-table.ts';

/** Magic numbers of file systems, see statfs(2). */
const fileSystemKinds: Readonly<Record<number, 'tmpfs' | 'hugetlbfs'>> = {
  0x01021994: 'tmpfs',
  0x958458f6: 'hugetlbfs',
};

/** What a path of the host is. */
export interface HostFile {
  readonly isFile: boolean;
  readonly isDirectory: boolean;
  readonly groupId: number;
}

/** What a path of the host lies on. */
export interface HostFileSystem {
  readonly kind: 'tmpfs' | 'hugetlbfs' | 'other';
  readonly sizeBytes: number;
}

/** What has to be known of the host's files to tell mounts apart. Errors are those of the system. */
export interface HostFiles {
  /** The path without symbolic links. */
  resolve(path: string): Promise<string>;
  /** What is there, links followed. */
  file(path: string): Promise<HostFile>;
  fileSystem(path: string): Promise<HostFileSystem>;
  /** Options of the mount at this very path; `undefined` when none is there. */
  mountOptions(path: string): Promise<readonly string[] | undefined>;
  /** How many entries that are no directories are at a path and below it; counting ends above a limit. */
  countFiles(path: string, limit: number): Promise<number>;
}

/** The files of this machine. */
export const hostFiles: HostFiles = {
  resolve: (path) => realpath(path),
  async file(path) {
    const status = await stat(path);
    return { isFile: status.isFile(), isDirectory: status.isDirectory(), groupId: status.gid };
  },
  async fileSystem(path) {
    const { type, bsize, blocks } = await statfs(path);
    return { kind: fileSystemKinds[type >>> 0] ?? 'other', sizeBytes: bsize * blocks };
  },
  mountOptions: async (path) => mountOptionsIn(await readFile('/proc/self/mountinfo', 'utf8'), path),
  countFiles,
};

/**
 * Finds a mount in the text of a mount table. The last one covers those before it. Source: proc(5), mountinfo.
 * @param table the text
 * @param path its mount point
 */
export function mountOptionsIn(table: string, path: string): readonly string[] | undefined {
  return parseMountTable(table).findLast((mount) => mount.path === path)?.options;
}

async function countFiles(path: string, limit: number): Promise<number> {
  if (!(await stat(path)).isDirectory()) return 1;
  let count = 0;
  for (const entry of await readdir(path, { withFileTypes: true })) {
    count += entry.isDirectory() ? await countFiles(join(path, entry.name), limit - count) : 1;
    if (count > limit) break;
  }
  return count;
}
