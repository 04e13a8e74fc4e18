// SPDX-License-Identifier: Apache-2.0
import { isIP } from 'node:net';

import type { NetworkModel, NetworkOptions, PublishedPort, UserStack } from '@hako/sandbox';

import { UsageError } from '../usage-error.ts';
import { parseChoice } from './choice.ts';

/** Where `ip netns add` puts the files of namespaces, see ip-netns(8). */
const namedNamespaces = '/run/netns';

/** Words for the user network, with whose stack it is. */
const userStacks: ReadonlyMap<string, UserStack> = new Map([
  ['user', 'hypervisor'],
  ['passt', 'passt'],
]);

/** How a namespace's links are joined to the machine. */
const models: readonly NetworkModel[] = ['tcfilter', 'macvtap', 'none'];

/**
 * Reads the network's words. A published port alone means the user network. Error: {@link UsageError}.
 * @param network `none`, `user`, `passt`, a name known to `ip netns`, or the path of a network namespace
 * @param ports `[ADDRESS:]HOST:GUEST[/tcp|/udp]` each
 * @param model how a namespace's links are joined to the machine
 */
export function parseNetwork(
  network: string | undefined,
  ports: readonly string[],
  model?: string,
): NetworkOptions {
  const word = network ?? (ports.length > 0 ? 'user' : 'none');
  const stack = userStacks.get(word);
  if (model !== undefined && (word === 'none' || stack !== undefined))
    throw new UsageError(`--network-model does not go with --network ${word}`, 'name a namespace');
  if (stack !== undefined) return { kind: 'user', ports: ports.map(parsePort), stack };
  if (ports.length > 0)
    throw new UsageError(`--publish does not go with --network ${word}`, 'use --network user');
  if (word === 'none') return { kind: 'none' };
  return {
    kind: 'namespace',
    path: namespacePath(word),
    ...(model === undefined ? {} : { model: parseChoice('network model', model, models) }),
  };
}

function namespacePath(word: string): string {
  if (word.startsWith('/')) return word;
  if (word !== '' && word !== '.' && word !== '..' && !word.includes('/'))
    return `${namedNamespaces}/${word}`;
  throw new UsageError(
    `network ${JSON.stringify(word)} is neither a name nor an absolute path`,
    'use none, user, passt, a name that `ip netns` shows, or a path such as /run/netns/NAME',
  );
}

/**
 * Makes lines of `/etc/resolv.conf`. Error: {@link UsageError}.
 * @param addresses name servers
 */
export function parseNameServers(addresses: readonly string[]): string[] {
  return addresses.map((address) => {
    if (isIP(address) === 0)
      throw new UsageError(
        `name server ${JSON.stringify(address)} is no IP address`,
        'write one, such as 9.9.9.9',
      );
    return `nameserver ${address}`;
  });
}

function parsePort(text: string): PublishedPort {
  const match = /^(?:(\d+\.\d+\.\d+\.\d+):)?(\d{1,5}):(\d{1,5})(?:\/(tcp|udp))?$/.exec(text);
  const [, hostAddress, host, guest, protocol] = match ?? [];
  if (host === undefined || guest === undefined) {
    throw new UsageError(
      `port ${JSON.stringify(text)} is not [ADDRESS:]HOST:GUEST[/udp]`,
      'write two numbers, such as 8080:80',
    );
  }
  return {
    protocol: protocol === 'udp' ? 'udp' : 'tcp',
    ...(hostAddress === undefined ? {} : { hostAddress }),
    hostPort: Number(host),
    guestPort: Number(guest),
  };
}
