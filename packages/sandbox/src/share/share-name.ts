// SPDX-License-Identifier: Apache-2.0
import { SandboxError } from '../sandbox-error.ts';

/** `NAME` or `DIRECTORY/NAME`, neither of which is hidden, `.` or `..`. */
const pattern = /^[A-Za-z0-9_-][\w.-]{0,254}(?:\/[A-Za-z0-9_-][\w.-]{0,254})?$/;

/**
 * Tells whether something can be shared under a name.
 * @param name the name
 */
export function isShareName(name: string): boolean {
  return pattern.test(name);
}

/**
 * Checks the name of something shared, which becomes a path below directories of the host and the guest: it leads nowhere
 * else. Error: `share_failed`.
 * @param name the name
 */
export function checkShareName(name: string): void {
  if (!isShareName(name))
    throw new SandboxError('share_failed', `nothing can be shared under the name ${JSON.stringify(name)}`);
}
