// SPDX-License-Identifier: Apache-2.0
import type { Address } from '@hako/ttrpc';
import { formatAddress, parseAddress, TtrpcError } from '@hako/ttrpc';

import { GrpcGatewayError } from './gateway-error.ts';

/**
 * Puts an address into the words of gRPC.
 * @throws {@link GrpcGatewayError} `invalid_address` for one that gRPC does not reach: it has unix sockets with a path, and TCP.
 */
export function grpcTarget(where: Address | string): string {
  const address = typeof where === 'string' ? parse(where) : where;
  if (address.scheme === 'unix' && !address.abstract) return `unix:${address.path}`;
  if (address.scheme === 'tcp') {
    return address.host.includes(':')
      ? `[${address.host}]:${address.port}`
      : `${address.host}:${address.port}`;
  }
  throw new GrpcGatewayError(
    'invalid_address',
    `gRPC is served on unix://PATH and tcp://IP:PORT, not on ${formatAddress(address)}`,
  );
}

function parse(text: string): Address {
  try {
    return parseAddress(text);
  } catch (cause) {
    if (!(cause instanceof TtrpcError)) throw cause;
    throw new GrpcGatewayError('invalid_address', cause.message, { cause });
  }
}
