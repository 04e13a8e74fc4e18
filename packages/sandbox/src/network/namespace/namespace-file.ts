// SPDX-License-Identifier: Apache-2.0
import { stat, statfs } from 'node:fs/promises';

import { SandboxError } from '../../sandbox-error.ts';

/** `NSFS_MAGIC` of linux/magic.h: what a namespace's file is in. */
const nsfsMagic = 0x6e_73_66_73;

/**
 * Makes sure that a file is a namespace and not that of this process, whose links are the host's own. Error:
 * `network_failed`.
 * @param path the file
 */
export async function expectNetworkNamespace(path: string): Promise<void> {
  const fail = (why: string, remedy: string, cause?: unknown): SandboxError =>
    new SandboxError('network_failed', `network namespace ${path} ${why}`, { remedy, cause });
  let found: { readonly type: number; readonly identity: string };
  try {
    found = { type: (await statfs(path)).type, identity: await identityOf(path) };
  } catch (cause) {
    throw fail('cannot be found', 'see `ip netns` for those that have names', cause);
  }
  if (found.type !== nsfsMagic) throw fail('is another kind of file', 'see `ip netns`');
  if (found.identity === (await identityOf('/proc/self/ns/net')))
    throw fail("is the host's own", 'make one with `ip netns add`');
}

async function identityOf(path: string): Promise<string> {
  const { dev, ino } = await stat(path);
  return `${dev}:${ino}`;
}

/**
 * Tells whether a namespace's file has been removed or replaced by something else: then what was in it is gone, too, or
 * cannot be reached any more.
 * @param path the file
 */
export async function isGone(path: string): Promise<boolean> {
  try {
    return (await statfs(path)).type !== nsfsMagic;
  } catch {
    return true;
  }
}
