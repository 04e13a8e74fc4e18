// SPDX-License-Identifier: Apache-2.0
import { invoke } from './ffi/invoke.ts';
import { type Libc, systemLibc } from './ffi/libc.ts';

const setSubreaper = 36; // PR_SET_CHILD_SUBREAPER

/** prctl(PR_SET_CHILD_SUBREAPER): orphaned descendants become children of this process, as of PID 1. */
export function setChildSubreaper(enabled = true, libc: Libc = systemLibc()): void {
  invoke(libc, undefined, 'prctl', setSubreaper, enabled ? 1 : 0, 0, 0, 0);
}
