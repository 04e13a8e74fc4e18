// SPDX-License-Identifier: Apache-2.0
import { closeSync } from 'node:fs';
import { duplicateFd } from './fd-control.ts';
import { createFdReader, type FdReader } from './fd-reader.ts';
import { createFdWriter, type FdWriter } from './fd-writer.ts';
import { type Libc, systemLibc } from './ffi/libc.ts';
import { LinuxError } from './linux-error.ts';
import { setWindowSize, type WindowSize } from './window-size.ts';

/** The master side of a pseudo-terminal. */
export interface Terminal extends AsyncDisposable {
  /** What the programs print; ends when the last of them has closed the terminal. */
  readonly reader: FdReader;
  /** What is typed. Closing it alone does not hang up. */
  readonly writer: FdWriter;
  /** @throws LinuxError of ioctl(2), `closed` after {@link Terminal.close}. */
  resize(size: WindowSize): void;
  /** Hangs the terminal up: its session gets SIGHUP. Idempotent. */
  close(): void;
}

/** Takes over a pty master. Reader and writer get a descriptor each, as one number can only be polled for one of them. */
export function createTerminal(masterFd: number, libc: Libc = systemLibc()): Terminal {
  const writerFd = duplicateFd(masterFd, libc);
  let reader: FdReader;
  let writer: FdWriter;
  try {
    reader = createFdReader(masterFd, libc);
    writer = createFdWriter(writerFd, libc);
  } catch (error) {
    closeSync(writerFd);
    throw error;
  }
  let closed = false;
  const close = (): void => {
    closed = true;
    reader.close();
    writer.close();
  };
  return {
    reader,
    writer,
    resize(size) {
      // The number may belong to another file by now.
      if (closed) throw new LinuxError({ code: 'closed', syscall: 'ioctl', operand: `fd ${masterFd}` });
      setWindowSize(masterFd, size, libc);
    },
    close,
    [Symbol.asyncDispose]() {
      close();
      return Promise.resolve();
    },
  };
}
