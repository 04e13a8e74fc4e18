// SPDX-License-Identifier: Apache-2.0
import { describeError, SandboxError } from '../sandbox-error.ts';
import type { CheckedSharing } from './sharing-options.ts';

/** What the agent says of a kernel that does not know the file system 9p, or not its road over virtio. */
const unknownFileSystem = /9p .*(?:ENODEV|EPROTONOSUPPORT|no such device|protocol not supported)/is;

/**
 * Says what it means that the guest could not mount what is shared.
 * @param error why the sandbox could not be made
 * @param sharing how files are shared
 * @returns the error, or a clearer one
 */
export function explainShareFailure(error: unknown, sharing: CheckedSharing): unknown {
  if (sharing.kind !== '9p' || !unknownFileSystem.test(describeError(error))) return error;
  return new SandboxError('share_failed', "the guest's kernel has no 9p", {
    cause: error,
    remedy: 'prepare a kernel that has it by `HAKO_FULL_KERNEL=1 npm start`, or share by virtio-fs',
  });
}
