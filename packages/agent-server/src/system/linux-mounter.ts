// SPDX-License-Identifier: Apache-2.0
import { readFile } from 'node:fs/promises';
import { mount, umount } from '@hako/linux';
import { parseMountTable } from './mount-table.ts';
import type { Mounter } from './mounter.ts';

/** Mounts in the agent's own mount namespace. */
export const linuxMounter: Mounter = {
  mount: (request) => mount(request),
  unmount: (target, options = {}) => umount(target, { ...options, noFollow: true }),
  list: async () => parseMountTable(await readFile('/proc/self/mountinfo', 'utf8')),
};
