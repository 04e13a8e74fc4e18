// SPDX-License-Identifier: Apache-2.0
import { closeSync, rmSync } from 'node:fs';
import { invoke } from './ffi/invoke.ts';
import { type Libc, systemLibc } from './ffi/libc.ts';
import { LinuxError } from './linux-error.ts';
import { isPtyMaster } from './pty.ts';
import { keepFirst, receiveFds } from './receive-fds.ts';
import { openSocket, socketFamilies, socketFlags, socketTypes } from './socket.ts';

/** The receiving end of an OCI runtime's `--console-socket`. */
export interface ConsoleSocket extends Disposable {
  readonly path: string;
  /**
   * Takes the terminal that the runtime has sent. Call it when the runtime has exited: what it sent is then in the
   * socket, so nothing waits here.
   *
   * @returns a pty master, close-on-exec, owned by the caller (see {@link createTerminal}).
   * @throws LinuxError `EAGAIN` when no runtime connected or it sent nothing, `EBADMSG` when what it sent is no
   * terminal, `closed`.
   */
  receiveTerminal(): number;
  /** Closes the socket and removes its file. Idempotent. */
  close(): void;
}

const maxPathBytes = 107; // sun_path with its NUL
const backlog = 1;

/**
 * Listens at a path.
 *
 * @throws LinuxError `ENAMETOOLONG` above 107 bytes, `EADDRINUSE` when the path exists, or an errno name of bind(2).
 */
export function createConsoleSocket(path: string, libc: Libc = systemLibc()): ConsoleSocket {
  const address = unixAddress(path);
  const listener = openSocket(socketFamilies.unix, socketTypes.stream, 0, libc);
  let closed = false;
  try {
    invoke(libc, path, 'bind', listener, address, address.length);
    invoke(libc, path, 'listen', listener, backlog);
  } catch (error) {
    closeSync(listener);
    throw error;
  }

  const close = (): void => {
    if (closed) return;
    closed = true;
    closeSync(listener);
    rmSync(path, { force: true });
  };

  return {
    path,
    receiveTerminal() {
      if (closed) throw new LinuxError({ code: 'closed', syscall: 'accept4', operand: path });
      const connection = invoke(libc, path, 'accept4', listener, null, null, socketFlags);
      try {
        const terminal = keepFirst(receiveFds(connection, libc));
        if (terminal !== undefined && isPtyMaster(terminal, libc)) return terminal;
        if (terminal !== undefined) closeSync(terminal);
        throw new LinuxError({
          code: 'EBADMSG',
          syscall: 'recvmsg',
          operand: path,
          detail: 'no terminal came',
        });
      } finally {
        closeSync(connection);
      }
    },
    close,
    [Symbol.dispose]: close,
  };
}

function unixAddress(path: string): Uint8Array {
  const name = Buffer.from(path, 'utf8');
  if (name.length > maxPathBytes) {
    throw new LinuxError({
      code: 'ENAMETOOLONG',
      syscall: 'bind',
      operand: path,
      detail: `${name.length} bytes`,
    });
  }
  if (name.length === 0 || name.includes(0)) {
    throw new LinuxError({ code: 'invalid_argument', syscall: 'bind', operand: JSON.stringify(path) });
  }
  const address = new Uint8Array(2 + name.length + 1);
  new DataView(address.buffer).setUint16(0, socketFamilies.unix, true);
  address.set(name, 2);
  return address;
}
