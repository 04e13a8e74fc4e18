// SPDX-License-Identifier: Apache-2.0
import type { NetworkNeighbour, RouteSocket } from '@hako/linux';
import type { ARPNeighbor } from '@hako/protocols/types';
import { AgentError } from '../errors/agent-error.ts';
import type { Logger } from '../logging/logger.ts';
import { findLinkByName } from './find-link.ts';
import { requireBits, requireFamily, requireMac } from './request-values.ts';

/** A neighbour as a host wants it. */
export interface NeighbourUpdate {
  /** Name of its link. */
  readonly device: string;
  readonly neighbour: Omit<NetworkNeighbour, 'linkIndex'>;
}

const permanent = 0x80; // NUD_PERMANENT
const stateBits = 16;
const flagsMask = 0xff;

/**
 * Reads one neighbour of a request.
 *
 * @throws AgentError `invalid_request`
 */
export function readNeighbour(wanted: ARPNeighbor): NeighbourUpdate {
  const address = wanted.toIPAddress?.address ?? '';
  if (address === '')
    throw new AgentError('invalid_request', 'a neighbour has no address', { operand: wanted.device });
  requireFamily('address of a neighbour', address);
  return {
    device: wanted.device,
    neighbour: {
      address,
      hardwareAddress: wanted.lladdr === '' ? undefined : requireMac(wanted.lladdr),
      state: wanted.state === 0 ? permanent : requireBits('state', wanted.state, stateBits),
      flags: wanted.flags & flagsMask,
    },
  };
}

/**
 * Adds neighbours, or replaces those with the same address. Those of IPv6 are left out on links that cannot have it.
 *
 * @throws AgentError `link_not_found`; LinuxError of the first neighbour that failed, those before it stay
 */
export function updateNetworkNeighbours(
  network: RouteSocket,
  updates: readonly NeighbourUpdate[],
  logger: Logger,
): void {
  const links = network.listLinks();
  for (const { device, neighbour } of updates) {
    const link = findLinkByName(links, device);
    if (neighbour.address.includes(':') && !link.hasIpv6)
      logger.warn({ link: device, neighbour }, 'neighbour left out: the link has no IPv6');
    else network.replaceNeighbour({ ...neighbour, linkIndex: link.index });
  }
}
