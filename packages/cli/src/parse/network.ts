// SPDX-License-Identifier: Apache-2.0
import { isIP } from 'node:net';

import type { NetworkModel, NetworkOptions, PublishedPort, RateLimits, UserStack } from '@hako/sandbox';

import { UsageError } from '../usage-error.ts';
import { parseChoice } from './choice.ts';
import { parseBitsPerSecond } from './rate.ts';

/** Where `ip netns add` puts the files of namespaces, see ip-netns(8). */
const namedNamespaces = '/run/netns';

/** Words for the user network, with whose stack it is. */
const userStacks: ReadonlyMap<string, UserStack> = new Map([
  ['user', 'hypervisor'],
  ['passt', 'passt'],
]);

/** How a namespace's links are joined to the machine. */
const models: readonly NetworkModel[] = ['tcfilter', 'macvtap', 'none'];

/** The options of `hako run` that describe the network. */
export interface NetworkWords {
  /** `none`, `user`, `passt`, a name known to `ip netns`, or the path of a network namespace. */
  readonly network?: string;
  /** `[ADDRESS:]HOST:GUEST[/tcp|/udp]` each. */
  readonly publish?: readonly string[];
  /** How a namespace's links are joined to the machine. */
  readonly networkModel?: string;
  /** How much comes into the guest by each link of a namespace. */
  readonly rxRate?: string;
  /** How much goes out of it. */
  readonly txRate?: string;
}

/** Words that mean something to links of a namespace alone. */
const linkWords = {
  networkModel: '--network-model',
  rxRate: '--rx-rate',
  txRate: '--tx-rate',
} as const satisfies Readonly<Partial<Record<keyof NetworkWords, string>>>;

/**
 * Reads the network's words. A published port alone means the user network. Error: {@link UsageError}.
 * @param words the options
 */
export function parseNetwork(words: NetworkWords): NetworkOptions {
  const { network, publish: ports = [], networkModel: model } = words;
  const word = network ?? (ports.length > 0 ? 'user' : 'none');
  const stack = userStacks.get(word);
  const [, ofLinks] = Object.entries(linkWords).find(([name]) => name in words) ?? [];
  if (ofLinks !== undefined && (word === 'none' || stack !== undefined))
    throw new UsageError(`${ofLinks} does not go with --network ${word}`, 'name a namespace');
  if (stack !== undefined) return { kind: 'user', ports: ports.map(parsePort), stack };
  if (ports.length > 0)
    throw new UsageError(`--publish does not go with --network ${word}`, 'use --network user');
  if (word === 'none') return { kind: 'none' };
  return {
    kind: 'namespace',
    path: namespacePath(word),
    ...(model === undefined ? {} : { model: parseChoice('network model', model, models) }),
    rates: parseRates(words),
  };
}

function parseRates({ rxRate, txRate }: NetworkWords): RateLimits {
  return {
    ...(rxRate === undefined ? {} : { receiveBitsPerSecond: parseBitsPerSecond(rxRate) }),
    ...(txRate === undefined ? {} : { sendBitsPerSecond: parseBitsPerSecond(txRate) }),
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
