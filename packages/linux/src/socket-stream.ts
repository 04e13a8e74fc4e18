// SPDX-License-Identifier: Apache-2.0
import { closeSync } from 'node:fs';
import type { Duplex } from 'node:stream';
import { duplicateFd } from './fd-control.ts';
import { createFdReader } from './fd-reader.ts';
import { createFdStream } from './fd-stream.ts';
import { createFdWriter } from './fd-writer.ts';
import { invoke } from './ffi/invoke.ts';
import type { Libc } from './ffi/libc.ts';

const writing = 1; // SHUT_WR

/** Takes over a connected stream socket. Ending the stream shuts down its sending half. */
export function createSocketStream(fd: number, libc: Libc): Duplex {
  let writerFd: number | undefined;
  try {
    writerFd = duplicateFd(fd, libc);
    return createFdStream({
      reader: createFdReader(fd, libc),
      writer: createFdWriter(writerFd, libc),
      finish: () => {
        invoke(libc, `fd ${fd}`, 'shutdown', fd, writing);
      },
    });
  } catch (error) {
    closeSync(fd);
    if (writerFd !== undefined) closeSync(writerFd);
    throw error;
  }
}
