// SPDX-License-Identifier: Apache-2.0
import { invoke } from '../ffi/invoke.ts';
import { type Libc, systemLibc } from '../ffi/libc.ts';
import { socketFamilies, socketTypes } from '../socket.ts';

const closeOnExec = 0o2000000; // SOCK_CLOEXEC

/**
 * socketpair(2): two connected unix stream sockets, blocking and close-on-exec.
 *
 * @returns two descriptors, owned by the caller.
 * @throws LinuxError `EMFILE`, `ENFILE`.
 */
export function createSocketPair(libc: Libc = systemLibc()): [number, number] {
  const ends = new Int32Array(2);
  const { unix } = socketFamilies;
  const type = socketTypes.stream | closeOnExec;
  invoke(libc, undefined, 'socketpair', unix, type, 0, new Uint8Array(ends.buffer));
  const [first = -1, second = -1] = ends;
  return [first, second];
}
