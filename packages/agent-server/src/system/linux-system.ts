// SPDX-License-Identifier: Apache-2.0
import { addRandomEntropy, openRoot, pinNamespaces, setDateTime } from '@hako/linux';
import type { GuestSystem } from './guest-system.ts';

/** The kernel the agent runs on. */
export const linuxSystem: GuestSystem = {
  pinNamespaces: (request) => pinNamespaces(request),
  openRoot: (path) => openRoot(path),
  setDateTime: (seconds, microseconds) => setDateTime(seconds, microseconds),
  addRandomEntropy: (bytes) => addRandomEntropy(bytes),
};
