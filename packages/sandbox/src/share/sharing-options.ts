// SPDX-License-Identifier: Apache-2.0
import type { RootfsKind } from '../devices/device-options.ts';
import { SandboxError } from '../sandbox-error.ts';
import { isWholeNumber } from '../whole-number.ts';

/**
 * How the files of the host come into the guest.
 *
 * - `virtio-fs`: as they are, in both directions, by a virtiofsd beside the machine
 * - `9p`: as they are, in both directions, by the hypervisor itself; the guest's kernel must have 9p
 * - `none`: as copies, in one direction; a container's root file system is a disk then
 */
export type SharingKind = 'virtio-fs' | '9p' | 'none';

/**
 * What the guest keeps of the files it sees by virtio-fs: nothing, names and attributes, everything until a file is opened
 * anew, everything. What it keeps, it does not see changing.
 */
export type VirtioFsCache = 'never' | 'metadata' | 'auto' | 'always';

/** How files are shared by virtio-fs. */
export interface VirtioFsOptions {
  /** Default `auto`. */
  readonly cache?: VirtioFsCache;
  /** Window of the host's memory through which the guest would map files, in MiB. Default 0: none, and no QEMU has one. */
  readonly daxWindowMib?: number;
  /** Words added to the command of virtiofsd. What would take its confinement away is refused. Default none. */
  readonly daemonArguments?: readonly string[];
}

/** How files are shared by 9p. */
export interface NinePOptions {
  /** Largest message in bytes, from 4096. Default 131,072, the kernel's own. */
  readonly messageBytes?: number;
}

/** The options that say how files are shared. */
export interface SharingOptions {
  /** How the files of the host come into the guest. Default `virtio-fs`. */
  readonly sharing?: SharingKind;
  /** Only for sharing by virtio-fs. */
  readonly virtioFs?: VirtioFsOptions;
  /** Only for sharing by 9p. */
  readonly nineP?: NinePOptions;
}

/** Checked options, with their defaults. */
export type CheckedSharing =
  | {
      readonly kind: 'virtio-fs';
      readonly cache: VirtioFsCache;
      readonly daemonArguments: readonly string[];
    }
  | { readonly kind: '9p'; readonly messageBytes: number }
  | { readonly kind: 'none' };

/** The smallest and the largest message of Linux 6.1 (fs/9p, net/9p/trans_virtio.c). */
const leastMessageBytes = 4096;
const mostMessageBytes = 512_000;
const defaultMessageBytes = 131_072;

const caches: readonly VirtioFsCache[] = ['never', 'metadata', 'auto', 'always'];

/** These keep nothing that a window could show. */
const uncached: readonly VirtioFsCache[] = ['never', 'metadata'];

/**
 * Checks how files shall be shared. Error: `invalid_options`.
 * @param options as the caller gave them
 */
export function checkSharing(options: SharingOptions & { readonly rootfs?: RootfsKind }): CheckedSharing {
  const { sharing = 'virtio-fs', virtioFs = {}, nineP = {}, rootfs = 'shared' } = options;
  switch (sharing) {
    case 'virtio-fs':
      return checkVirtioFs(virtioFs);
    case '9p': {
      const { messageBytes = defaultMessageBytes } = nineP;
      if (isWholeNumber(messageBytes, leastMessageBytes, mostMessageBytes))
        return { kind: '9p', messageBytes };
      throw new SandboxError('invalid_options', `9p messages of ${messageBytes} bytes are not possible`, {
        remedy: `give a whole number from ${leastMessageBytes} to ${mostMessageBytes}`,
      });
    }
    case 'none':
      if (rootfs === 'block') return { kind: 'none' };
      throw new SandboxError(
        'invalid_options',
        'a root file system cannot be shared where nothing is shared',
        {
          remedy: 'make it a disk (`--rootfs block`), or share by virtio-fs or 9p',
        },
      );
    default:
      throw new SandboxError(
        'invalid_options',
        `files cannot be shared by ${JSON.stringify(sharing satisfies never)}`,
        {
          remedy: 'use virtio-fs, 9p or none',
        },
      );
  }
}

function checkVirtioFs({
  cache = 'auto',
  daxWindowMib = 0,
  daemonArguments = [],
}: VirtioFsOptions): CheckedSharing {
  // It becomes a part of the daemon's command.
  if (!caches.includes(cache)) {
    throw new SandboxError('invalid_options', `virtio-fs has no cache mode ${JSON.stringify(cache)}`, {
      remedy: `use ${caches.join(', ')}`,
    });
  }
  if (daxWindowMib !== 0 && !uncached.includes(cache)) {
    throw new SandboxError(
      'invalid_options',
      `a DAX window of ${daxWindowMib} MiB is not possible: no release of QEMU has one for virtio-fs`,
      { remedy: 'set its size (virtio_fs_cache_size) to 0' },
    );
  }
  return { kind: 'virtio-fs', cache, daemonArguments };
}
