// SPDX-License-Identifier: Apache-2.0
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';

import type { IpLink } from './ip-output.ts';

/**
 * Looks for the sockets of processes, such as DPDK's, that move the packets of an address: where Kata's runtime looks. That is
 * a directory where anybody may write, so only sockets of root or of this process's user count.
 * @param links the links whose addresses are looked for
 * @param root where the sockets' directories are; default `/tmp`
 * @returns paths by address
 */
export async function findVhostUserSockets(
  links: readonly IpLink[],
  root = '/tmp',
): Promise<ReadonlyMap<string, string>> {
  const addresses = links.flatMap(({ addr_info: entries }) => entries.flatMap(({ local }) => local ?? []));
  const found = new Map<string, string>();
  for (const address of addresses) {
    const path = join(root, `vhostuser_${address}`, 'vhu.sock');
    const status = await stat(path).catch(() => undefined);
    const isTrusted = status?.uid === 0 || status?.uid === process.geteuid?.();
    if (status?.isSocket() === true && isTrusted) found.set(address, path);
  }
  return found;
}
