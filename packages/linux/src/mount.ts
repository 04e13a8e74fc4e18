// SPDX-License-Identifier: Apache-2.0
import { cString } from './ffi/c-string.ts';
import { invoke } from './ffi/invoke.ts';
import { type Libc, systemLibc } from './ffi/libc.ts';
import { type MountFlag, mountFlagBits } from './mount-flags.ts';

/** What mount(2) takes. */
export interface MountRequest {
  /** Device, directory or free text; default none. */
  readonly source?: string;
  readonly target: string;
  readonly fstype?: string;
  readonly flags?: readonly MountFlag[];
  /** Options of the file system itself, comma-separated. The kernel takes at most one page. */
  readonly data?: string;
}

/**
 * mount(2). Relative paths start at the working directory; links in `target` are followed.
 *
 * @throws LinuxError with the errno name as code and the target as operand; `invalid_argument` for a NUL byte.
 */
export function mount(request: MountRequest, libc: Libc = systemLibc()): void {
  const flags = (request.flags ?? []).reduce((bits, flag) => bits | mountFlagBits[flag], 0);
  invoke(
    libc,
    request.target,
    'mount',
    optionalCString(request.source),
    cString(request.target, 'mount'),
    optionalCString(request.fstype),
    flags,
    optionalCString(request.data),
  );
}

function optionalCString(text: string | undefined): Uint8Array | null {
  return text === undefined ? null : cString(text, 'mount');
}
