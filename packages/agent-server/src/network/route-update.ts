// SPDX-License-Identifier: Apache-2.0
import type { IpFamily, NetworkPrefix, NetworkRoute, RouteSocket } from '@hako/linux';
import { IPFamily, type Route } from '@hako/protocols/types';
import { errnoName } from '../errors/describe-error.ts';
import type { Logger } from '../logging/logger.ts';
import { findLinkByName } from './find-link.ts';
import { invalidValue, parsePrefix, requireBits, requireFamily } from './request-values.ts';

/** A route as a host wants it. */
export interface RouteUpdate {
  /** Name of its link. */
  readonly device: string;
  readonly route: Omit<NetworkRoute, 'linkIndex'>;
}

const scopeBits = 8;
const mtuBits = 32;
/** RTNH_F_PERVASIVE and RTNH_F_ONLINK. The other flags tell a route's state on the host; the kernel refuses them. */
const requestFlags = 0x2 | 0x4;
const unspecified: ReadonlySet<string> = new Set(['0.0.0.0', '::']);

/** @returns undefined for the default route, in each of the forms hosts have for it. */
function readDestination(text: string): NetworkPrefix | undefined {
  if (text === '' || unspecified.has(text)) return undefined;
  const prefix = parsePrefix('destination', text);
  return prefix.length === 0 ? undefined : prefix;
}

/** A bare address, or one with prefix length 0, is the preferred source; a longer prefix limits whom the route is for. */
function readSource(text: string): Pick<NetworkRoute, 'sourcePrefix' | 'preferredSource'> {
  if (text === '') return {};
  const prefix = parsePrefix('source', text);
  const isPrefix = text.includes('/') && prefix.length > 0;
  return isPrefix ? { sourcePrefix: prefix } : { preferredSource: prefix.address };
}

/**
 * Reads one route of a request.
 *
 * @throws AgentError `invalid_request`, also for an address that is not of the route's family
 */
export function readRoute(wanted: Route): RouteUpdate {
  const family: IpFamily = wanted.family === IPFamily.v6 ? 'ipv6' : 'ipv4';
  const destination = readDestination(wanted.dest);
  const source = readSource(wanted.source);
  const gateway = wanted.gateway === '' ? undefined : wanted.gateway;
  const addresses = [wanted.dest.split('/')[0], gateway, wanted.source.split('/')[0]];
  for (const address of addresses) {
    if (address !== undefined && address !== '' && requireFamily('address', address) !== family)
      throw invalidValue(`address of an ${family} route`, address);
  }
  return {
    device: wanted.device,
    route: {
      family,
      destination,
      gateway,
      ...source,
      scope: requireBits('scope', wanted.scope, scopeBits),
      flags: wanted.flags & requestFlags,
      mtu: requireBits('mtu', wanted.mtu, mtuBits),
    },
  };
}

/**
 * Adds routes, or replaces those with the same destination; nothing else is deleted. Routes without gateway come first:
 * through them the gateways are reached. Those of IPv6 are left out on links that cannot have it.
 *
 * @throws AgentError `link_not_found`; LinuxError of the first route that failed, those before it stay
 */
export function updateNetworkRoutes(
  network: RouteSocket,
  updates: readonly RouteUpdate[],
  logger: Logger,
): void {
  const links = network.listLinks();
  const inOrder = [
    ...updates.filter(({ route }) => route.gateway === undefined),
    ...updates.filter(({ route }) => route.gateway !== undefined),
  ];
  for (const { device, route } of inOrder) {
    const link = findLinkByName(links, device);
    if (route.family === 'ipv6' && !link.hasIpv6) {
      logger.warn({ link: device, route }, 'route left out: the link has no IPv6');
      continue;
    }
    try {
      network.replaceRoute({ ...route, linkIndex: link.index });
    } catch (error) {
      if (errnoName(error) !== 'EEXIST') throw error;
    }
  }
}
