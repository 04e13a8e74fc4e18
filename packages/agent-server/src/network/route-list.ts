// SPDX-License-Identifier: Apache-2.0
import type { NetworkPrefix, NetworkRoute, RouteSocket } from '@hako/linux';
import { IPFamily, type Route } from '@hako/protocols/types';

const unspecified = { ipv4: '0.0.0.0', ipv6: '::' } as const;

function format(prefix: NetworkPrefix | undefined): string | undefined {
  return prefix === undefined ? undefined : `${prefix.address}/${prefix.length}`;
}

function toMessage(route: NetworkRoute, device: string): Route {
  return {
    // The default route has no text of its own in this API: the address of nobody stands for it.
    dest: format(route.destination) ?? unspecified[route.family],
    gateway: route.gateway ?? '',
    device,
    source: format(route.sourcePrefix) ?? route.preferredSource ?? '',
    scope: route.scope,
    family: route.family === 'ipv6' ? IPFamily.v6 : IPFamily.v4,
    flags: route.flags,
    mtu: route.mtu,
  };
}

/**
 * The main table, IPv4 before IPv6, as the API has it: what is listed can be sent back as it is. A route with neither
 * destination nor gateway has no place in it.
 */
export function listNetworkRoutes(network: RouteSocket): Route[] {
  const names = new Map(network.listLinks().map(({ index, name }) => [index, name]));
  return [...network.listRoutes('ipv4'), ...network.listRoutes('ipv6')]
    .filter(({ destination, gateway }) => destination !== undefined || gateway !== undefined)
    .map((route) => toMessage(route, names.get(route.linkIndex ?? 0) ?? ''));
}
