// SPDX-License-Identifier: Apache-2.0
import { invoke } from './ffi/invoke.ts';
import { type Libc, systemLibc } from './ffi/libc.ts';

const powerOffCommand = 0x4321fedc; // RB_POWER_OFF

/** sync(2): waits until all file systems have written what they hold. */
export function sync(libc: Libc = systemLibc()): void {
  libc.call('sync');
}

/**
 * Writes back all file systems and switches the machine off; does not return when it succeeds. In a PID namespace of
 * its own it kills that namespace's init instead.
 *
 * @throws LinuxError `EPERM` without CAP_SYS_BOOT.
 */
export function powerOff(libc: Libc = systemLibc()): void {
  sync(libc);
  invoke(libc, undefined, 'reboot', powerOffCommand);
}
