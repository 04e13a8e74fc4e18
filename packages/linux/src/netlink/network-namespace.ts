// SPDX-License-Identifier: Apache-2.0
import { closeSync, openSync } from 'node:fs';
import { invoke } from '../ffi/invoke.ts';
import type { Libc } from '../ffi/libc.ts';

const networkNamespace = 0x40000000; // CLONE_NEWNET

/**
 * Does something in another network namespace, in one synchronous stretch of the calling thread. Sockets opened there
 * stay there.
 *
 * @param path - such as `/proc/1234/ns/net`
 * @throws LinuxError of setns(2); when the way back fails, the thread is still in the other namespace
 */
export function inNetworkNamespace<Result>(path: string, libc: Libc, work: () => Result): Result {
  const home = openSync('/proc/thread-self/ns/net', 'r');
  try {
    const other = openSync(path, 'r');
    try {
      invoke(libc, path, 'setns', other, networkNamespace);
    } finally {
      closeSync(other);
    }
    try {
      return work();
    } finally {
      invoke(libc, 'network namespace', 'setns', home, networkNamespace);
    }
  } finally {
    closeSync(home);
  }
}
