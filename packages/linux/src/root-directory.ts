// SPDX-License-Identifier: Apache-2.0
import { chmodSync, closeSync, constants, openSync } from 'node:fs';
import { cString } from './ffi/c-string.ts';
import { invoke } from './ffi/invoke.ts';
import { type Libc, systemLibc } from './ffi/libc.ts';
import { type FileStatus, statusOf } from './file-status.ts';
import { LinuxError } from './linux-error.ts';
import { openAt2, openPathOnly, type Resolve } from './open-beneath.ts';
import { type RemoveTreeOptions, removeTree } from './remove-tree.ts';

/**
 * A directory that whoever writes below it cannot lead out of: every step of every path is resolved by the kernel
 * (openat2), and the last one never follows a link unless `open` is asked to. Paths are relative, or absolute in the
 * mode `in-root`.
 *
 * All methods throw LinuxError with the errno name as code (`EXDEV` when a path leads out of the root) and
 * `invalid_argument` for a path that names no entry (empty, or ending in `.` or `..`) where one is needed.
 */
export interface RootDirectory extends Disposable {
  /** An `O_PATH` descriptor, owned by this object. */
  readonly fd: number;
  readonly path: string;
  /** @returns a close-on-exec descriptor that the caller closes. A final link is followed unless `O_NOFOLLOW` is set. */
  open(path: string, options: { readonly flags: number; readonly mode?: number }): number;
  /** mkdir; `EEXIST` when anything of that name is there. The mode is reduced by the umask. */
  makeDirectory(path: string, mode: number): void;
  /** mkdir -p. Existing directories keep their mode. */
  makeDirectories(path: string, mode: number): void;
  /** The target is stored as it is: nothing resolves it now. */
  createSymlink(target: string | Uint8Array, path: string): void;
  /** Both names below this root; replaces what `to` names, atomically. */
  rename(from: string, to: string): void;
  unlink(path: string): void;
  /** Removes whatever is there with all below it, links unfollowed; nothing there is no error. */
  remove(path: string, options?: RemoveTreeOptions): void;
  /** Does not follow a final link. −1 leaves an id as it is. */
  changeOwner(path: string, uid: number, gid: number): void;
  /** Sets the permission bits (07777); `ELOOP` for a link, which has none. */
  changeMode(path: string, mode: number): void;
  /** Does not follow a final link; `undefined` when nothing is there. */
  status(path: string): FileStatus | undefined;
  /** Idempotent. */
  close(): void;
}

/** What {@link openRoot} takes. */
export interface OpenRootOptions {
  /** Default `beneath`. */
  readonly resolve?: Resolve;
}

const symlinkNoFollow = 0x100; // AT_SYMLINK_NOFOLLOW

/** Opens a directory for work below it. The path to it is trusted: links in it are followed. */
export function openRoot(
  path: string,
  { resolve = 'beneath' }: OpenRootOptions = {},
  libc: Libc = systemLibc(),
): RootDirectory {
  const fd = openSync(path, openPathOnly | constants.O_DIRECTORY);
  let closed = false;

  const open = (below: string | Uint8Array, flags: number, mode = 0): number =>
    openAt2(fd, below, { flags, mode, resolve }, libc);

  const withParent = <Result>(below: string, use: (parentFd: number, name: Uint8Array) => Result): Result => {
    const { parent, name } = splitPath(below);
    const parentFd = open(parent, openPathOnly | constants.O_DIRECTORY);
    try {
      return use(parentFd, cString(name, 'openat2'));
    } finally {
      closeSync(parentFd);
    }
  };

  const withEntry = <Result>(below: string, use: (entryFd: number) => Result): Result => {
    const entryFd = open(below, openPathOnly | constants.O_NOFOLLOW);
    try {
      return use(entryFd);
    } finally {
      closeSync(entryFd);
    }
  };

  const makeDirectory = (below: string, mode: number): void =>
    withParent(below, (parentFd, name) => {
      invoke(libc, below, 'mkdirat', parentFd, name, mode);
    });

  const close = (): void => {
    if (closed) return;
    closed = true;
    closeSync(fd);
  };

  return {
    fd,
    path,
    open: (below, { flags, mode }) => open(below, flags, mode),
    makeDirectory,
    makeDirectories(below, mode) {
      const names = below.split('/').filter((name) => name !== '' && name !== '.');
      for (let depth = 1; depth <= names.length; depth++) {
        if (names[depth - 1] === '..') continue;
        const prefix = (below.startsWith('/') ? '/' : '') + names.slice(0, depth).join('/');
        try {
          makeDirectory(prefix, mode);
        } catch (error) {
          if (!(error instanceof LinuxError) || error.code !== 'EEXIST') throw error;
        }
      }
      closeSync(open(below === '' ? '.' : below, openPathOnly | constants.O_DIRECTORY));
    },
    createSymlink: (target, below) =>
      withParent(below, (parentFd, name) => {
        invoke(libc, below, 'symlinkat', cString(target, 'symlinkat'), parentFd, name);
      }),
    rename: (from, to) =>
      withParent(from, (fromFd, fromName) =>
        withParent(to, (toFd, toName) => {
          invoke(libc, `${from} -> ${to}`, 'renameat', fromFd, fromName, toFd, toName);
        }),
      ),
    unlink: (below) =>
      withParent(below, (parentFd, name) => {
        invoke(libc, below, 'unlinkat', parentFd, name, 0);
      }),
    remove(below, options) {
      try {
        withParent(below, (parentFd, name) => {
          removeTree(parentFd, name.subarray(0, -1), options, libc);
        });
      } catch (error) {
        if (!(error instanceof LinuxError) || error.code !== 'ENOENT') throw error;
      }
    },
    changeOwner: (below, uid, gid) =>
      withParent(below, (parentFd, name) => {
        invoke(libc, below, 'fchownat', parentFd, name, uid, gid, symlinkNoFollow);
      }),
    changeMode: (below, mode) =>
      withEntry(below, (entryFd) => {
        if (statusOf(entryFd).kind === 'symlink') {
          throw new LinuxError({
            code: 'ELOOP',
            syscall: 'chmod',
            operand: below,
            detail: 'is a symbolic link',
          });
        }
        // fchmod refuses O_PATH descriptors; their /proc entry leads to the very same file.
        chmodSync(`/proc/self/fd/${entryFd}`, mode & 0o7777);
      }),
    status(below) {
      try {
        return withEntry(below, statusOf);
      } catch (error) {
        if (error instanceof LinuxError && error.code === 'ENOENT') return undefined;
        throw error;
      }
    },
    close,
    [Symbol.dispose]: close,
  };
}

function splitPath(path: string): { parent: string; name: string } {
  const trimmed = path.replace(/\/+$/, '');
  const slash = trimmed.lastIndexOf('/');
  const name = trimmed.slice(slash + 1);
  if (name === '' || name === '.' || name === '..') {
    throw new LinuxError({
      code: 'invalid_argument',
      syscall: 'openat2',
      operand: JSON.stringify(path),
      detail: 'names no entry of a directory',
    });
  }
  const parent = slash < 0 ? '.' : trimmed.slice(0, slash);
  return { parent: parent === '' ? '/' : parent, name };
}
