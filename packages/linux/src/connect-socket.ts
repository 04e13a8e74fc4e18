// SPDX-License-Identifier: Apache-2.0
import { invoke } from './ffi/invoke.ts';
import type { Libc } from './ffi/libc.ts';
import { errnoName, LinuxError } from './linux-error.ts';
import { throwIfAborted, type WaitOptions, watchEnd } from './wait-options.ts';

const socketLevel = 1; // SOL_SOCKET
const pendingError = 4; // SO_ERROR

/**
 * connect(2) of a non-blocking socket, waiting in the event loop. The socket stays the caller's.
 *
 * @throws LinuxError with the errno name of the refusal, `aborted`, `timed_out`.
 */
export async function connectSocket(
  fd: number,
  address: Uint8Array,
  operand: string,
  wait: WaitOptions,
  libc: Libc,
): Promise<void> {
  const subject = { syscall: 'connect', operand };
  throwIfAborted(wait, subject);
  if (libc.call('connect', fd, address, address.length) === 0) return;
  const errno = libc.errno();
  const code = errnoName(errno);
  if (code !== 'EINPROGRESS') throw new LinuxError({ ...subject, code, errno });

  const poll = libc.poller.open(fd);
  try {
    await new Promise<void>((resolve, reject) => {
      const stop = watchEnd(wait, subject, reject);
      poll.wait('writable', () => {
        stop();
        resolve();
      });
    });
  } finally {
    poll.close();
  }
  const error = new Int32Array(1);
  const length = Uint32Array.of(4);
  invoke(
    libc,
    operand,
    'getsockopt',
    fd,
    socketLevel,
    pendingError,
    new Uint8Array(error.buffer),
    new Uint8Array(length.buffer),
  );
  const refused = error[0] ?? 0;
  if (refused !== 0) throw new LinuxError({ ...subject, code: errnoName(refused), errno: refused });
}
