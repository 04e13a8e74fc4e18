// SPDX-License-Identifier: Apache-2.0
import { invoke } from './ffi/invoke.ts';
import { type Libc, systemLibc } from './ffi/libc.ts';

/**
 * sethostname(2): of the UTS namespace that the calling thread is in.
 *
 * @throws LinuxError `EINVAL` above 64 bytes, `EPERM`.
 */
export function setHostname(name: string, libc: Libc = systemLibc()): void {
  const bytes = Buffer.from(name, 'utf8');
  invoke(libc, JSON.stringify(name), 'sethostname', bytes, bytes.length);
}
