// SPDX-License-Identifier: Apache-2.0
import { open, type FileHandle } from 'node:fs/promises';

import { isAlive, type ProcessIdentity } from '@hako/hypervisor';

import { errorCode } from '../error-code.ts';
import { SandboxError } from '../sandbox-error.ts';
import type { FileShare } from './file-share.ts';
import { mountsDirectory, namespaceName, SharedDirectory } from './shared-directory.ts';

/** Where the owner of a share keeps its mount namespace open: the daemon has left it for an emptier one. */
export interface SharePlace {
  /** The holder's descriptor of it. */
  readonly namespaceFd: number;
  /** Who holds it: the daemon of a share that survives its owner. Default: the owner. */
  readonly holder?: ProcessIdentity;
  /** `mnt:[INODE]`: tells that the descriptor is still that one. */
  readonly namespace: string;
}

/** A share of another process, to which files can be added. Disposal lets go of it and leaves what was added. */
export interface JoinedShare extends Pick<FileShare, 'add' | 'remove'>, AsyncDisposable {}

/** The share to join. */
export interface JoinShareRequest {
  /** Run directory of the sandbox. */
  readonly directory: string;
  readonly owner: ProcessIdentity;
  readonly place: SharePlace;
}

/**
 * Enters the file sharing of another process of the same user. Errors: `vm_exited` when it is not there any more,
 * `permission_denied`.
 * @param request which
 */
export async function joinFileShare({ directory, owner, place }: JoinShareRequest): Promise<JoinedShare> {
  const namespace = await openNamespace(place.holder ?? owner, place);
  const shared = new SharedDirectory(namespace, mountsDirectory(directory));
  return {
    add: (requests, signal) => shared.add(requests, signal),
    remove: (names) => shared.remove(names),
    [Symbol.asyncDispose]: () => namespace.close(),
  };
}

/**
 * Opens the mount namespace of a share. Errors: as {@link joinFileShare}.
 * @param holder who holds it open
 * @param place where
 */
export async function openNamespace(holder: ProcessIdentity, place: SharePlace): Promise<FileHandle> {
  const path = `/proc/${holder.pid}/fd/${place.namespaceFd}`;
  const namespace = await open(path, 'r').catch((cause: unknown) => {
    if (errorCode(cause) === 'ENOENT') throw gone(cause);
    throw new SandboxError('permission_denied', 'the file sharing of the sandbox cannot be entered', {
      cause,
      remedy: 'run as root',
    });
  });
  // Looked at after it was opened: what is open now stays what it is.
  if ((await namespaceName(namespace)) !== place.namespace || !(await isAlive(holder))) {
    await namespace.close();
    throw gone(undefined);
  }
  return namespace;
}

function gone(cause: unknown): SandboxError {
  return new SandboxError('vm_exited', 'the file sharing of the sandbox has ended', {
    cause,
    remedy: 'see `hako ps`',
  });
}
