// SPDX-License-Identifier: Apache-2.0

/** What an object below a root directory is. */
export interface RootFileStatus {
  readonly kind: 'file' | 'directory' | 'symlink' | 'block' | 'character' | 'fifo' | 'socket';
  /** Permission bits (07777). */
  readonly mode: number;
}

/** Files below one directory, with every step of a path kept inside it (openat2 with RESOLVE_BENEATH). */
export interface RootFiles extends Disposable {
  /** Opens a file and gives its descriptor. */
  open(path: string, options: { readonly flags: number; readonly mode?: number }): number;
  /** One directory; EEXIST when something is there. */
  makeDirectory(path: string, mode: number): void;
  /** All missing directories of a path. */
  makeDirectories(path: string, mode: number): void;
  /** A symbolic link; EEXIST when something is there. */
  createSymlink(target: Uint8Array, path: string): void;
  rename(from: string, to: string): void;
  /**
   * Removes a tree without following links; nothing there is no error. A mount point below it stops the removal (EXDEV,
   * EBUSY), or is kept with what is mounted there.
   */
  remove(path: string, options?: { readonly keepMounts?: boolean }): void;
  /** Changes the owner, of a link itself when the last name is one. */
  changeOwner(path: string, uid: number, gid: number): void;
  /** Changes permissions; ELOOP for a link. */
  changeMode(path: string, mode: number): void;
  /** What is there, links not followed; undefined for nothing. */
  status(path: string): RootFileStatus | undefined;
}

/** Namespaces to make and keep by a bind mount. */
export interface NamespaceRequest {
  /** File that keeps the ipc namespace. */
  readonly ipc: string;
  /** File that keeps the uts namespace. */
  readonly uts: string;
  /** Host name in the new uts namespace. */
  readonly hostname?: string;
}

/** A place as a process sees it. */
export interface MountPlace {
  readonly pid: number;
  readonly path: string;
}

/** What a device of the device mapper shows. */
export interface MappedTarget {
  readonly type: string;
  readonly sizeBytes: bigint;
  readonly parameters: string;
}

/** A file system that can be made larger while it is mounted. */
export type GrowableFileSystem = 'ext4' | 'xfs';

/** What the agent asks of the guest's kernel beside mounts and processes. */
export interface GuestSystem {
  /** Makes the namespaces all containers of a sandbox share. */
  pinNamespaces(request: NamespaceRequest): void;
  /** Opens a directory for {@link RootFiles}. */
  openRoot(path: string): RootFiles;
  /** Sets the clock. */
  setDateTime(seconds: bigint, microseconds: bigint): void;
  /** Adds to the kernel's entropy and makes the generator use it. */
  addRandomEntropy(bytes: Uint8Array): void;
  /** Adds a device or file that mkswap has prepared. */
  enableSwap(path: string): void;
  /**
   * Gives a file system as many of its blocks as this; EINVAL for fewer than it has; an error for more than the device has.
   *
   * @param fd - of anything on it
   */
  growFileSystem(fd: number, fstype: GrowableFileSystem, blocks: bigint): void;
  /**
   * Shows what is mounted at a place of one mount namespace at a place of another one, which is made when missing. No link
   * leads out of either root.
   */
  shareMount(source: MountPlace, target: MountPlace): void;
  /** Makes a read-only block device of one target, and gives its node. */
  createMappedDevice(name: string, target: MappedTarget): Promise<string>;
  /** Takes one away, when nobody uses it any more. */
  removeMappedDevice(name: string): Promise<void>;
}
