// SPDX-License-Identifier: Apache-2.0
import {
  addRandomEntropy,
  enableSwap,
  growExt4,
  growXfs,
  openRoot,
  pinNamespaces,
  setDateTime,
  shareMount,
} from '@hako/linux';
import type { GuestSystem } from './guest-system.ts';

/** The kernel the agent runs on. */
export const linuxSystem: GuestSystem = {
  pinNamespaces: (request) => pinNamespaces(request),
  openRoot: (path) => openRoot(path),
  setDateTime: (seconds, microseconds) => setDateTime(seconds, microseconds),
  addRandomEntropy: (bytes) => addRandomEntropy(bytes),
  enableSwap: (path) => enableSwap(path),
  growFileSystem: (fd, fstype, blocks) => (fstype === 'ext4' ? growExt4(fd, blocks) : growXfs(fd, blocks)),
  shareMount: (source, target) => shareMount(source, target),
  createMappedDevice: async (name, target) =>
    (await import('../optional/verity.ts')).createMappedDevice(name, target),
  removeMappedDevice: async (name) => {
    (await import('../optional/verity.ts')).removeMappedDevice(name);
  },
};
