// SPDX-License-Identifier: Apache-2.0
import { isIPv4 } from 'node:net';
import { isAbsolute } from 'node:path';

import { SandboxError } from '../sandbox-error.ts';

/** A port of the host that leads into the sandbox. */
export interface PublishedPort {
  /** Default `tcp`. */
  readonly protocol?: 'tcp' | 'udp';
  /** IPv4 address of the host to listen on. Default 127.0.0.1: the host itself alone can connect. */
  readonly hostAddress?: string;
  /** 1 to 65535. */
  readonly hostPort: number;
  /** 1 to 65535. */
  readonly guestPort: number;
}

/** What a sandbox can reach, and what can reach it. */
export type NetworkOptions =
  /** Nothing but itself. */
  | { readonly kind: 'none' }
  /** The network of the host and what lies behind it, through a stack in user space: no privilege, no interface. */
  | {
      readonly kind: 'user';
      readonly ports?: readonly PublishedPort[];
      /** Default `hypervisor`. */
      readonly stack?: UserStack;
    }
  /**
   * The links of a network namespace that somebody has set up: the guest stands where they stood, with their addresses,
   * routes and neighbours.
   */
  | {
      readonly kind: 'namespace';
      /** Its file, such as `/run/netns/NAME`. Absolute. */
      readonly path: string;
      /** Default `tcfilter`. */
      readonly model?: NetworkModel;
      /**
       * Whether it may have no link with an address yet: one may come while the machine boots, by hooks of a container, in the
       * 5 s after the start of one, or later (`sandbox.network.rescan`). Default false: that is a mistake then.
       */
      readonly mayBeEmpty?: boolean;
      /** Whether the host's kernel moves packets between taps and guest (vhost-net), if it can. Default true. */
      readonly vhost?: boolean;
      /** How fast each link is at most; needs `sch_htb` in the kernel of the host. Default: as fast as it can be. */
      readonly rates?: RateLimits;
    };

/** How fast one link of a guest is at most. Absent or 0: as fast as it can be. */
export interface RateLimits {
  /** What the guest receives, in bits per second. A whole number. */
  readonly receiveBitsPerSecond?: number;
  /** What the guest sends, in bits per second. A whole number. */
  readonly sendBitsPerSecond?: number;
}

/**
 * How a link is joined to the machine. `tcfilter` sends all that comes to the link on to the machine, and the other way
 * round. `macvtap` puts a macvtap on the link, which loses its addresses and its hardware address to the guest until the
 * end; an ipvlan is joined by filters even so. `none` joins nothing: the machine gets the taps that are there. A tap is used
 * as it is by all.
 */
export type NetworkModel = 'tcfilter' | 'macvtap' | 'none';

const networkModels: readonly NetworkModel[] = ['tcfilter', 'macvtap', 'none'];

/**
 * Whose stack the user network is: the `hypervisor`'s own, which needs no program, or `passt`, a process of its own beside the
 * hypervisor. passt must be of 2024 or newer.
 */
export type UserStack = 'hypervisor' | 'passt';

const userStacks: readonly UserStack[] = ['hypervisor', 'passt'];

const protocols: readonly Required<PublishedPort>['protocol'][] = ['tcp', 'udp'];

/** A network that has been checked. */
export type CheckedNetwork =
  | { readonly kind: 'none' }
  | {
      readonly kind: 'user';
      readonly ports: readonly Required<PublishedPort>[];
      readonly stack: UserStack;
    }
  | {
      readonly kind: 'namespace';
      readonly path: string;
      readonly model: NetworkModel;
      readonly mayBeEmpty: boolean;
      readonly vhost: boolean;
      /** Those that are set. */
      readonly rates: RateLimits;
    };

/**
 * Checks the values; touches nothing. Error: `invalid_options`.
 * @param options as the caller gave them
 */
export function checkNetwork(options: NetworkOptions = { kind: 'none' }): CheckedNetwork {
  switch (options.kind) {
    case 'none':
      return options;
    case 'namespace':
      return checkNamespace(options);
    case 'user':
      return checkUserNetwork(options);
    default: {
      const { kind }: { readonly kind: unknown } = options satisfies never;
      throw unsupported('network', kind, ['none', 'user', 'namespace']);
    }
  }
}

function checkNamespace(options: Extract<NetworkOptions, { kind: 'namespace' }>): CheckedNetwork {
  const { kind, path, model = 'tcfilter', mayBeEmpty = false, vhost = true, rates = {} } = options;
  if (!isAbsolute(path) || path.includes('\0'))
    throw new SandboxError(
      'invalid_options',
      `network namespace ${JSON.stringify(path)} is no absolute path`,
    );
  if (!networkModels.includes(model)) throw unsupported('network model', model, networkModels);
  return { kind, path, model, mayBeEmpty, vhost, rates: checkRates(rates) };
}

/** The kernel counts bytes: what is less than one in a second is no rate. */
const leastBitsPerSecond = 8;

function checkRates({ receiveBitsPerSecond = 0, sendBitsPerSecond = 0 }: RateLimits): RateLimits {
  for (const rate of [receiveBitsPerSecond, sendBitsPerSecond]) {
    if (rate !== 0 && !(Number.isSafeInteger(rate) && rate >= leastBitsPerSecond))
      throw new SandboxError('invalid_options', `rate ${rate} is no whole number of bits per second`, {
        remedy: `use ${leastBitsPerSecond} or more, or 0 for any`,
      });
  }
  return {
    ...(receiveBitsPerSecond > 0 && { receiveBitsPerSecond }),
    ...(sendBitsPerSecond > 0 && { sendBitsPerSecond }),
  };
}

function checkUserNetwork(options: Extract<NetworkOptions, { kind: 'user' }>): CheckedNetwork {
  const { stack = 'hypervisor' } = options;
  if (!userStacks.includes(stack)) throw unsupported('user network', stack, userStacks);
  const ports = (options.ports ?? []).map((port) => ({
    protocol: 'tcp' as const,
    hostAddress: '127.0.0.1',
    ...port,
  }));
  const taken = new Set<string>();
  for (const { protocol, hostAddress, hostPort, guestPort } of ports) {
    if (!protocols.includes(protocol)) throw unsupported('protocol', protocol, protocols);
    for (const number of [hostPort, guestPort]) {
      if (!Number.isInteger(number) || number < 1 || number > 65_535)
        throw new SandboxError('invalid_options', `port ${number} is not a number from 1 to 65535`);
    }
    if (!isIPv4(hostAddress))
      throw new SandboxError('invalid_options', `${JSON.stringify(hostAddress)} is no IPv4 address`);
    const place = `${hostAddress}:${hostPort}/${protocol}`;
    if (taken.has(place)) throw new SandboxError('invalid_options', `port ${place} is published twice`);
    taken.add(place);
  }
  return { kind: 'user', ports, stack };
}

function unsupported(what: string, value: unknown, known: readonly string[]): SandboxError {
  return new SandboxError('invalid_options', `${what} ${JSON.stringify(value)} is not supported`, {
    remedy: `use ${known.join(', ')}`,
  });
}
