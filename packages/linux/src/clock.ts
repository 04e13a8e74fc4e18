// SPDX-License-Identifier: Apache-2.0
import { invoke } from './ffi/invoke.ts';
import { type Libc, systemLibc } from './ffi/libc.ts';

/**
 * settimeofday(2): sets the wall clock, in seconds since 1970 and microseconds (0–999,999).
 *
 * @throws LinuxError `EINVAL` out of range, `EPERM`.
 */
export function setDateTime(
  seconds: number | bigint,
  microseconds: number | bigint,
  libc: Libc = systemLibc(),
): void {
  const time = BigInt64Array.of(BigInt(seconds), BigInt(microseconds));
  invoke(libc, `${seconds}.${microseconds}`, 'settimeofday', new Uint8Array(time.buffer), null);
}
