// SPDX-License-Identifier: Apache-2.0
import { closeSync } from 'node:fs';
import { createConsoleSocket, createFdReader, createFdWriter, createPipe, createTerminal } from '@hako/linux';
import type { DescriptorFactory } from './crun-components.ts';

/** Pipes and terminals of the kernel, read and written in the event loop. */
export const linuxDescriptors: DescriptorFactory = {
  createPipe: (options) => createPipe(options),
  createReader: (fd) => createFdReader(fd),
  createWriter: (fd) => createFdWriter(fd),
  createTerminal: (masterFd) => createTerminal(masterFd),
  createTerminalReceiver: (path) => createConsoleSocket(path),
  closeFd: (fd) => closeSync(fd),
};
