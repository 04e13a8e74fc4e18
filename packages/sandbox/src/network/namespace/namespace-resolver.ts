// SPDX-License-Identifier: Apache-2.0
import { readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/** Where `ip netns` puts the files of namespaces; the second is an old name of the first. */
const namedNamespaces = ['/run/netns', '/var/run/netns'];

/**
 * Lines of the `resolv.conf` that belongs to a namespace with a name, see ip-netns(8); none for others.
 * @param path file of the namespace
 * @param configurations where such files are; default `/etc/netns`
 */
export async function namespaceResolver(
  path: string,
  configurations = '/etc/netns',
): Promise<readonly string[]> {
  if (!namedNamespaces.includes(dirname(path))) return [];
  const file = join(configurations, basename(path), 'resolv.conf');
  const text = await readFile(file, 'utf8').catch(() => undefined);
  return text === undefined ? [] : text.split('\n');
}
