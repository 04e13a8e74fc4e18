// SPDX-License-Identifier: Apache-2.0
import { closeSync } from 'node:fs';
import {
  createConsoleSocket,
  createFdReader,
  createFdWriter,
  createPipe,
  createTerminal,
  setPipeCapacity,
} from '@hako/linux';
import type { DescriptorFactory } from './crun-components.ts';

/** Pipes and terminals of the kernel, read and written in the event loop. */
export const linuxDescriptors: DescriptorFactory = {
  createPipe: (options) => createPipe(options),
  createReader(fd, isWidenable) {
    const reader = createFdReader(fd);
    return {
      read: (maxBytes, options) => reader.read(maxBytes, options),
      readNow: (into) => reader.readNow(into),
      close: () => reader.close(),
      ...(isWidenable && { widen: (capacityBytes: number) => void setPipeCapacity(fd, capacityBytes) }),
    };
  },
  createWriter: (fd) => createFdWriter(fd),
  createTerminal: (masterFd) => createTerminal(masterFd),
  createTerminalReceiver: (path) => createConsoleSocket(path),
  closeFd: (fd) => closeSync(fd),
};
