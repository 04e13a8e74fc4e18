// SPDX-License-Identifier: Apache-2.0
import type { NetworkOptions, PublishedPort } from '@hako/sandbox';

import { UsageError } from '../usage-error.ts';

/**
 * Reads the network's words. A published port alone means the user network. Error: {@link UsageError}.
 * @param kind `none` or `user`
 * @param ports `[ADDRESS:]HOST:GUEST[/tcp|/udp]` each
 */
export function parseNetwork(kind: string | undefined, ports: readonly string[]): NetworkOptions {
  switch (kind ?? (ports.length > 0 ? 'user' : 'none')) {
    case 'none':
      if (ports.length === 0) return { kind: 'none' };
      throw new UsageError('--publish does not go with --network none', 'use --network user');
    case 'user':
      return { kind: 'user', ports: ports.map(parsePort) };
    default:
      throw new UsageError(`unknown network ${JSON.stringify(kind)}`, 'use none or user');
  }
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
