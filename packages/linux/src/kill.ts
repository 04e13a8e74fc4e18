// SPDX-License-Identifier: Apache-2.0
import { invoke } from './ffi/invoke.ts';
import { type Libc, systemLibc } from './ffi/libc.ts';

/**
 * kill(2) with any signal number, real-time signals included; 0 only asks whether the process is there. A negative pid
 * means a process group.
 *
 * @throws LinuxError `ESRCH` no such process, `EPERM`, `EINVAL` no such signal.
 */
export function kill(pid: number, signal: number, libc: Libc = systemLibc()): void {
  invoke(libc, `pid ${pid} signal ${signal}`, 'kill', pid, signal);
}
