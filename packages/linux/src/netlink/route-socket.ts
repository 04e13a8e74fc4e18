// SPDX-License-Identifier: Apache-2.0
import { type Libc, systemLibc } from '../ffi/libc.ts';
import { LinuxError } from '../linux-error.ts';
import { decodeAddress, encodeAddress, encodeAddressQuery, type NetworkAddress } from './address.ts';
import { type NetlinkExchange, openNetlinkExchange } from './exchange.ts';
import type { IpFamily } from './ip-address.ts';
import { decodeLink, encodeLinkChange, encodeLinkQuery, type LinkChange, type NetworkLink } from './link.ts';
import { messageFlags } from './message.ts';
import {
  decodeNeighbour,
  encodeNeighbour,
  encodeNeighbourQuery,
  type NetworkNeighbour,
} from './neighbour.ts';
import { inNetworkNamespace } from './network-namespace.ts';
import { decodeRoute, encodeRoute, encodeRouteQuery, type NetworkRoute } from './route.ts';

/**
 * The network of one namespace: links, addresses, routes of the main table, neighbours. Every call is one exchange with
 * the kernel, done when it returns.
 *
 * Errors: LinuxError with the kernel's errno as code, the request as `syscall` and the kernel's own words as detail.
 */
export interface RouteSocket extends Disposable {
  listLinks(): readonly NetworkLink[];
  /** `ENODEV`, `EEXIST` (name), `EBUSY` (name or hardware address of a link that is up), `EINVAL`, `ERANGE`. */
  changeLink(index: number, change: LinkChange): void;
  listAddresses(): readonly NetworkAddress[];
  /** Adds an address, or sets the present one anew. `EACCES` where IPv6 is switched off, `ENODEV`. */
  replaceAddress(address: NetworkAddress): void;
  /** Empty for a family that the kernel does not have. */
  listRoutes(family: IpFamily): readonly NetworkRoute[];
  /** Adds a route, or replaces the one with the same destination. `ENETUNREACH`, `EHOSTUNREACH`, `ENETDOWN`, `EINVAL`. */
  replaceRoute(route: NetworkRoute): void;
  listNeighbours(): readonly NetworkNeighbour[];
  replaceNeighbour(neighbour: NetworkNeighbour): void;
}

/** What {@link openRouteSocket} takes. */
export interface RouteSocketOptions {
  /** File of the network namespace, such as `/proc/1234/ns/net`. Default: that of the calling thread. */
  readonly namespace?: string;
}

const routeProtocol = 0; // NETLINK_ROUTE
const types = {
  RTM_GETLINK: 18,
  RTM_SETLINK: 19,
  RTM_NEWADDR: 20,
  RTM_GETADDR: 22,
  RTM_NEWROUTE: 24,
  RTM_GETROUTE: 26,
  RTM_NEWNEIGH: 28,
  RTM_GETNEIGH: 30,
} as const;
const addOrReplace = messageFlags.create | messageFlags.replace;

/** Keeps what a decoder understood. */
function present<Item>(items: readonly (Item | undefined)[]): readonly Item[] {
  return items.filter((item) => item !== undefined);
}

/** Routes of a family that never had one: the kernel makes the table with the first of them. */
function listRoutes(exchange: NetlinkExchange, family: IpFamily): readonly NetworkRoute[] {
  const name = 'RTM_GETROUTE';
  try {
    const payloads = exchange.list({
      type: types[name],
      name,
      operand: family,
      payload: encodeRouteQuery(family),
    });
    return present(payloads.map(decodeRoute)).filter((route) => route.family === family);
  } catch (error) {
    if (error instanceof LinuxError && (error.code === 'ENOENT' || error.code === 'EOPNOTSUPP')) return [];
    throw error;
  }
}

/**
 * Opens a socket of rtnetlink(7). Changes need CAP_NET_ADMIN over the namespace (`EPERM`).
 *
 * @throws LinuxError of socket(2), or of setns(2)
 */
export function openRouteSocket(
  { namespace }: RouteSocketOptions = {},
  libc: Libc = systemLibc(),
): RouteSocket {
  const open = () => openNetlinkExchange(routeProtocol, libc);
  const exchange = namespace === undefined ? open() : inNetworkNamespace(namespace, libc, open);

  function list(name: keyof typeof types, payload: Uint8Array): readonly Uint8Array[] {
    return exchange.list({ type: types[name], name, payload });
  }
  function change(name: keyof typeof types, operand: string, payload: Uint8Array, flags = 0): void {
    exchange.change({ type: types[name], name, operand, payload, flags });
  }

  return {
    listLinks: () => list('RTM_GETLINK', encodeLinkQuery()).map(decodeLink),
    changeLink(index, wanted) {
      change('RTM_SETLINK', wanted.name ?? `link ${index}`, encodeLinkChange(index, wanted));
    },
    listAddresses: () => present(list('RTM_GETADDR', encodeAddressQuery()).map(decodeAddress)),
    replaceAddress(address) {
      const operand = `${address.address}/${address.prefixLength}`;
      change('RTM_NEWADDR', operand, encodeAddress(address), addOrReplace);
    },
    listRoutes: (family) => listRoutes(exchange, family),
    replaceRoute(route) {
      const { destination, gateway } = route;
      const target = destination === undefined ? 'default' : `${destination.address}/${destination.length}`;
      const operand = gateway === undefined ? target : `${target} via ${gateway}`;
      change('RTM_NEWROUTE', operand, encodeRoute(route), addOrReplace);
    },
    listNeighbours: () => present(list('RTM_GETNEIGH', encodeNeighbourQuery()).map(decodeNeighbour)),
    replaceNeighbour(neighbour) {
      change('RTM_NEWNEIGH', neighbour.address, encodeNeighbour(neighbour), addOrReplace);
    },
    [Symbol.dispose]: () => exchange[Symbol.dispose](),
  };
}
