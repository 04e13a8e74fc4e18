// SPDX-License-Identifier: Apache-2.0
import { isIPv4 } from 'node:net';

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
  /** The network of the host and what lies behind it, through the hypervisor's own stack: no privilege, no interface. */
  | { readonly kind: 'user'; readonly ports?: readonly PublishedPort[] };

/** A network that has been checked. */
export type CheckedNetwork =
  { readonly kind: 'none' } | { readonly kind: 'user'; readonly ports: readonly Required<PublishedPort>[] };

/**
 * Checks the values; touches nothing. Error: `invalid_options`.
 * @param options as the caller gave them
 */
export function checkNetwork(options: NetworkOptions = { kind: 'none' }): CheckedNetwork {
  if (options.kind === 'none') return options;
  const ports = (options.ports ?? []).map((port) => ({
    protocol: 'tcp' as const,
    hostAddress: '127.0.0.1',
    ...port,
  }));
  const taken = new Set<string>();
  for (const { protocol, hostAddress, hostPort, guestPort } of ports) {
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
  return { kind: 'user', ports };
}
