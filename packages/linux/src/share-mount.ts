// SPDX-License-Identifier: Apache-2.0
import { closeSync, constants, fstatSync, openSync } from 'node:fs';
import { dirname } from 'node:path/posix';
import { cString } from './ffi/c-string.ts';
import { invoke } from './ffi/invoke.ts';
import { type Libc, systemLibc } from './ffi/libc.ts';
import { LinuxError } from './linux-error.ts';
import { openPathOnly } from './open-beneath.ts';
import { openRoot, type RootDirectory } from './root-directory.ts';

/** A place in the mount namespace of a process. */
export interface MountPlace {
  /** Any process in the namespace. */
  readonly pid: number;
  /** As that process sees it; no link leads out of its root. */
  readonly path: string;
}

const openTreeClone = 0x1; // OPEN_TREE_CLONE
const recursive = 0x8000; // AT_RECURSIVE
const emptyPath = 0x1000; // AT_EMPTY_PATH
const closeOnExec = 0o2000000; // OPEN_TREE_CLOEXEC
const fromEmptyPath = 0x4; // MOVE_MOUNT_F_EMPTY_PATH
const toEmptyPath = 0x40; // MOVE_MOUNT_T_EMPTY_PATH
const newMountNamespace = 0x20000; // CLONE_NEWNS
const ownFileSystemState = 0x200; // CLONE_FS
const directoryMode = 0o755;
const fileMode = 0o644;

/**
 * Shows what is mounted at a place of one mount namespace, with all that is mounted below it, at a place of another one. The
 * target is made when missing. All in one synchronous stretch of the calling thread, which from then on has a root and a
 * working directory apart from those of the other threads.
 *
 * Takes the C library's open_tree and move_mount: glibc 2.36.
 *
 * @throws LinuxError of the step that failed; `ENOENT` for a source that is not there. When the way back fails too, an
 * `AggregateError`: the thread is then still in another namespace.
 */
export function shareMount(source: MountPlace, target: MountPlace, libc: Libc = systemLibc()): void {
  const opened: number[] = [];
  const hold = (fd: number): number => {
    opened.push(fd);
    return fd;
  };
  try {
    const sourceNamespace = hold(openSync(`/proc/${source.pid}/ns/mnt`, 'r'));
    const targetNamespace = hold(openSync(`/proc/${target.pid}/ns/mnt`, 'r'));
    visitNamespaces(libc, (enter) => {
      enter(sourceNamespace);
      const { tree, isDirectory } = cloneTree(source.path, libc);
      hold(tree);
      enter(targetNamespace);
      attachTree(tree, isDirectory, target.path, libc);
    });
  } finally {
    for (const fd of opened) closeSync(fd);
  }
}

/** Runs a function that enters mount namespaces, and comes back to the present one, root and working directory. */
function visitNamespaces(libc: Libc, visit: (enter: (namespaceFd: number) => void) => void): void {
  const home = openSync('/proc/thread-self/ns/mnt', 'r');
  const root = openSync('/', openPathOnly | constants.O_DIRECTORY);
  const work = openSync('.', openPathOnly | constants.O_DIRECTORY);
  const errors: unknown[] = [];
  const attempt = (act: () => void): void => {
    try {
      act();
    } catch (error) {
      errors.push(error);
    }
  };
  // A thread that shares these with others may not enter a mount namespace.
  attempt(() => invoke(libc, undefined, 'unshare', ownFileSystemState));
  if (errors.length === 0) {
    attempt(() => visit((fd) => void invoke(libc, 'mnt', 'setns', fd, newMountNamespace)));
    attempt(() => {
      invoke(libc, 'mnt', 'setns', home, newMountNamespace);
      invoke(libc, '/', 'fchdir', root);
      invoke(libc, '/', 'chroot', cString('.', 'chroot'));
      invoke(libc, '.', 'fchdir', work);
    });
  }
  for (const fd of [home, root, work]) closeSync(fd);
  if (errors.length > 1) throw new AggregateError(errors, 'a mount could neither be shared nor be left');
  if (errors.length === 1) throw errors[0];
}

/** Clones the mounts at a path of the namespace the thread is in, into none. */
function cloneTree(path: string, libc: Libc): { readonly tree: number; readonly isDirectory: boolean } {
  using root = openRoot('/', { resolve: 'in-root' }, libc);
  const fd = root.open(path, { flags: openPathOnly });
  try {
    const flags = openTreeClone | recursive | emptyPath | closeOnExec;
    const tree = invoke(libc, path, 'openTree', fd, cString('', 'open_tree'), flags);
    return { tree, isDirectory: fstatSync(fd).isDirectory() };
  } finally {
    closeSync(fd);
  }
}

/** Attaches cloned mounts at a path of the namespace the thread is in. */
function attachTree(tree: number, isDirectory: boolean, path: string, libc: Libc): void {
  using root = openRoot('/', { resolve: 'in-root' }, libc);
  if (isDirectory) root.makeDirectories(path, directoryMode);
  else makeFile(root, path);
  const fd = root.open(path, { flags: openPathOnly });
  try {
    const nothing = cString('', 'move_mount');
    const flags = fromEmptyPath | toEmptyPath;
    invoke(libc, path, 'moveMount', tree, nothing, fd, nothing, flags);
  } finally {
    closeSync(fd);
  }
}

function makeFile(root: RootDirectory, path: string): void {
  root.makeDirectories(dirname(path), directoryMode);
  const { O_CREAT, O_EXCL, O_WRONLY } = constants;
  try {
    closeSync(root.open(path, { flags: O_CREAT | O_EXCL | O_WRONLY, mode: fileMode }));
  } catch (error) {
    if (!(error instanceof LinuxError) || error.code !== 'EEXIST') throw error;
  }
}
