// SPDX-License-Identifier: Apache-2.0
import { closeSync, constants, openSync } from 'node:fs';
import { cString, printable } from './ffi/c-string.ts';
import { systemError } from './ffi/invoke.ts';
import { type Libc, systemLibc } from './ffi/libc.ts';

/**
 * How a path is kept below its root.
 *
 * - `beneath`: a step that would leave it (an absolute path or link, too many `..`) fails with `EXDEV`.
 * - `in-root`: such a step is clamped to the root, as after chroot(2).
 */
export type Resolve = 'beneath' | 'in-root';

/** What {@link openAt2} takes beside the path. */
export interface OpenAt2Options {
  /** `O_…` flags of open(2); `O_CLOEXEC` is always added. */
  readonly flags: number;
  /** Permission bits for `O_CREAT`, reduced by the umask; default 0. */
  readonly mode?: number;
  readonly resolve: Resolve;
  /** Refuse to cross a mount point (`EXDEV`); default false. */
  readonly sameMount?: boolean;
}

const openat2Number = 437; // the same on every architecture
const resolveBits = { noXdev: 0x01, noMagicLinks: 0x02, beneath: 0x08, inRoot: 0x10 } as const;
/** `O_PATH`, which Node does not name. */
export const openPathOnly = 0o10000000;
const closeOnExec = 0o2000000;
const raceRetries = 128;

/**
 * openat2(2) below a directory descriptor, never through the magic links of /proc.
 *
 * @throws LinuxError with the errno name as code: `EXDEV` when the path leaves the root, `ELOOP` for a magic link,
 * `ENOSYS` on kernels before 5.6, `EAGAIN` when the tree kept being renamed under every one of 128 attempts.
 */
export function openAt2(
  directoryFd: number,
  path: string | Uint8Array,
  options: OpenAt2Options,
  libc: Libc,
): number {
  const how = new BigUint64Array(3);
  how[0] = BigInt(options.flags | closeOnExec);
  how[1] = BigInt(options.mode ?? 0);
  how[2] = BigInt(
    resolveBits.noMagicLinks |
      (options.resolve === 'beneath' ? resolveBits.beneath : resolveBits.inRoot) |
      (options.sameMount ? resolveBits.noXdev : 0),
  );
  const name = cString(path, 'openat2');
  const howBytes = new Uint8Array(how.buffer);
  for (let attempt = 1; ; attempt++) {
    const fd = libc.call('openat2', openat2Number, directoryFd, name, howBytes, howBytes.length);
    if (fd >= 0) return fd;
    const error = systemError(libc, 'openat2', printable(path));
    // The kernel gives up with EAGAIN when any rename or mount raced with a ".." step; the advice of openat2(2) is to retry.
    if (error.code !== 'EAGAIN' || attempt === raceRetries) throw error;
  }
}

/** What {@link openInRoot} takes. */
export interface OpenInRootOptions {
  readonly flags: number;
  readonly mode?: number;
  /** Default `in-root`. */
  readonly resolve?: Resolve;
}

/**
 * Opens one path below a root. For several calls below the same root use {@link openRoot}.
 *
 * @returns a close-on-exec descriptor that the caller closes.
 * @throws LinuxError as {@link openAt2}; the system error of Node when `root` itself cannot be opened.
 */
export function openInRoot(
  root: string,
  path: string,
  options: OpenInRootOptions,
  libc: Libc = systemLibc(),
): number {
  const rootFd = openSync(root, openPathOnly | constants.O_DIRECTORY);
  try {
    return openAt2(rootFd, path, { ...options, resolve: options.resolve ?? 'in-root' }, libc);
  } finally {
    closeSync(rootFd);
  }
}
