// SPDX-License-Identifier: Apache-2.0
import type { DeepPartial } from '@hako/protocols/agent';
import type { ARPNeighbor, Interface, Route } from '@hako/protocols/types';

import { familyOf, toInterface, toRoute } from '../guest-interface.ts';
import type { Endpoint, IpFamily } from './endpoint.ts';
import type { IpNeighbour } from './ip-output.ts';

/** `IFF_NOARP` of netdevice(7). */
const noArpFlag = 0x80;

/** Words of `ip route` for `rtm_scope`, see rtnetlink(7); others are printed as numbers. */
const scopes = new Map([
  ['global', 0],
  ['site', 200],
  ['link', 253],
  ['host', 254],
  ['nowhere', 255],
]);

/** `RTNH_F_PERVASIVE` and `RTNH_F_ONLINK`. The kernel's other flags tell how a route fares on the host. */
const routeFlags = new Map([
  ['pervasive', 0x2],
  ['onlink', 0x4],
]);

/** Words of `ip neighbour` for `NUD_*`. */
const neighbourStates = new Map([
  ['REACHABLE', 0x02],
  ['PERMANENT', 0x80],
]);

/** `NTF_*`. */
const proxyFlag = 0x08;
const externLearnFlag = 0x10;
const routerFlag = 0x80;

/** What a guest is told of its network. */
export interface GuestNetworkMessages {
  readonly interfaces: readonly DeepPartial<Interface>[];
  readonly routes: readonly DeepPartial<Route>[];
  readonly neighbours: readonly DeepPartial<ARPNeighbor>[];
}

/** A card in the machine. */
export interface GuestCard {
  readonly endpoint: Endpoint;
  /** What the card says its hardware address is. */
  readonly mac: string;
  readonly pciPath: string;
}

/**
 * Makes what a guest is told: an interface for each card, the routes that somebody set (the kernel makes its own), and the
 * neighbours the guest could not learn by itself or that its default gateway is.
 * @param cards the cards, with the links they stand for
 */
export function guestMessages(cards: readonly GuestCard[]): GuestNetworkMessages {
  return {
    interfaces: cards.map(({ endpoint, mac, pciPath }) => ({
      ...toInterface({ ...endpoint, mac, pciPath }),
      rawFlags: endpoint.hasArp ? 0 : noArpFlag,
    })),
    routes: cards.flatMap(({ endpoint }) => routesOf(endpoint)),
    neighbours: cards.flatMap(({ endpoint }) => neighboursOf(endpoint)),
  };
}

function routesOf({ name, routes }: Endpoint): DeepPartial<Route>[] {
  return (
    routes
      // A gateway of the other family has no field in the message.
      .filter(({ protocol, via }) => protocol !== 'kernel' && via === undefined)
      .map(({ family, dst, gateway = '', prefsrc = '', scope, flags, metrics }) =>
        toRoute({
          destination: destination(dst, family),
          family,
          interfaceName: name,
          gateway,
          source: prefsrc,
          scope: scopes.get(scope) ?? (Number.parseInt(scope, 10) || 0),
          flags: flags.reduce((sum, flag) => sum | (routeFlags.get(flag) ?? 0), 0),
          mtuBytes: metrics.find(({ mtu }) => mtu !== undefined)?.mtu ?? 0,
        }),
      )
  );
}

/** `ip` leaves the prefix length of a single address out. */
function destination(text: string, family: IpFamily): string {
  if (text === 'default') return '';
  return text.includes('/') ? text : `${text}/${family === 'ipv4' ? 32 : 128}`;
}

function neighboursOf({ name, routes, neighbours }: Endpoint): DeepPartial<ARPNeighbor>[] {
  const gateways = new Set(routes.filter(({ dst }) => dst === 'default').map(({ gateway }) => gateway));
  return neighbours.flatMap((neighbour) => {
    const { dst: address, lladdr, state } = neighbour;
    const isPermanent = state.includes('PERMANENT');
    const isWanted = isPermanent || (state.includes('REACHABLE') && gateways.has(address));
    if (lladdr === undefined || !isWanted) return [];
    return [
      {
        toIPAddress: { family: familyOf(address.includes(':') ? 'ipv6' : 'ipv4'), address },
        device: name,
        lladdr,
        state: neighbourStates.get(isPermanent ? 'PERMANENT' : 'REACHABLE') ?? 0,
        flags: neighbourFlags(neighbour),
      },
    ];
  });
}

/** A flag is a key without value: there, or not. */
function neighbourFlags({ router, proxy, extern_learn: externLearn }: IpNeighbour): number {
  return (
    (proxy === null ? proxyFlag : 0) |
    (externLearn === null ? externLearnFlag : 0) |
    (router === null ? routerFlag : 0)
  );
}
