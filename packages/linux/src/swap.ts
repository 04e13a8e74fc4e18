// SPDX-License-Identifier: Apache-2.0
import { cString } from './ffi/c-string.ts';
import { invoke } from './ffi/invoke.ts';
import { type Libc, systemLibc } from './ffi/libc.ts';

/**
 * swapon(2) with no flags: adds a device or file that mkswap has prepared.
 *
 * @throws LinuxError `EBUSY` in use already, `EINVAL` no swap signature, `ENOENT`.
 */
export function enableSwap(path: string, libc: Libc = systemLibc()): void {
  invoke(libc, path, 'swapon', cString(path, 'swapon'), 0);
}
