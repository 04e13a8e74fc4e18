// SPDX-License-Identifier: Apache-2.0
import { closeSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename, dirname, relative } from 'node:path';
import { mount, openInRoot, umount } from '@hako/linux';
import { parseMountTable } from './mount-table.ts';
import type { Mounter } from './mounter.ts';

const pathOnly = 0o10000000; // O_PATH, which Node does not name

/** Names a place below a root for as long as a function needs it; the kernel has resolved every step inside the root. */
function withPlace<T>(root: string | undefined, path: string, use: (place: string) => T): T {
  if (root === undefined) return use(path);
  const below = relative(root, path);
  const fd = openInRoot(root, below === '' ? '.' : below, { flags: pathOnly, resolve: 'beneath' });
  try {
    return use(`/proc/self/fd/${fd}`);
  } finally {
    closeSync(fd);
  }
}

/** Mounts in the agent's own mount namespace. */
export const linuxMounter: Mounter = {
  mount: ({ root, sourceRoot, ...request }) =>
    withPlace(sourceRoot, request.source, (source) =>
      withPlace(root, request.target, (target) => mount({ ...request, source, target })),
    ),
  // By way of the directory it lies in: a descriptor of its own would keep the mount busy.
  unmount: (target, { root, ...options } = {}) =>
    withPlace(root, dirname(target), (parent) =>
      umount(root === undefined ? target : `${parent}/${basename(target)}`, { ...options, noFollow: true }),
    ),
  list: async () => parseMountTable(await readFile('/proc/self/mountinfo', 'utf8')),
};
