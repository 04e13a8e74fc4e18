// SPDX-License-Identifier: Apache-2.0
import type {
  LinkChange,
  NetworkAddress,
  NetworkLink,
  NetworkNeighbour,
  NetworkRoute,
  RouteSocket,
} from '@hako/linux';
import { systemError } from './memory-pipe.ts';

/** A network in memory, with the manners of the kernel's as far as names of links go. */
export interface FakeNetwork {
  readonly links: readonly NetworkLink[];
  readonly addresses: readonly NetworkAddress[];
  readonly routes: readonly NetworkRoute[];
  readonly neighbours: readonly NetworkNeighbour[];
  /** Sockets that are open now. */
  readonly openSockets: number;
  /** Changes so far, such as `changeLink 2`. */
  readonly changes: readonly string[];
  /** Asked before each change; throws to refuse it. */
  refuse: (change: string, details: object) => void;
  /** For the component `openNetwork`. */
  open(): Promise<RouteSocket>;
}

/** A link that is up, with all that is not given left as it is in most guests. */
export function fakeLink(index: number, name: string, changes: Partial<NetworkLink> = {}): NetworkLink {
  const hardwareAddress = `02:00:00:00:00:${index.toString(16).padStart(2, '0')}`;
  return { index, name, hardwareAddress, mtu: 1500, isUp: true, usesArp: true, hasIpv6: true, ...changes };
}

/** A {@link FakeNetwork} with these links. */
export function createFakeNetwork(initial: readonly NetworkLink[]): FakeNetwork {
  const links = [...initial];
  const addresses: NetworkAddress[] = [];
  const routes: NetworkRoute[] = [];
  const neighbours: NetworkNeighbour[] = [];
  const changes: string[] = [];
  let openSockets = 0;

  function begin(change: string, details: object): void {
    changes.push(change);
    network.refuse(change, details);
  }

  function changeLink(index: number, change: LinkChange): void {
    begin(`changeLink ${index}`, change);
    const position = links.findIndex((link) => link.index === index);
    const link = links[position];
    if (link === undefined) throw systemError('ENODEV', `link ${index}`);
    if (change.name !== undefined && change.name !== link.name) {
      if (link.isUp) throw systemError('EBUSY', `${link.name} is up`);
      if (links.some(({ name }) => name === change.name)) throw systemError('EEXIST', change.name);
    }
    links[position] = { ...link, ...change };
  }

  const socket: RouteSocket = {
    listLinks: () => [...links],
    listAddresses: () => [...addresses],
    listRoutes: (family) => routes.filter((route) => route.family === family),
    listNeighbours: () => [...neighbours],
    changeLink,
    replaceAddress(address) {
      begin(`replaceAddress ${address.address}`, address);
      addresses.push(address);
    },
    replaceRoute(route) {
      begin(`replaceRoute ${route.destination?.address ?? 'default'}`, route);
      routes.push(route);
    },
    replaceNeighbour(neighbour) {
      begin(`replaceNeighbour ${neighbour.address}`, neighbour);
      neighbours.push(neighbour);
    },
    [Symbol.dispose]() {
      openSockets -= 1;
    },
  };
  const network: FakeNetwork = {
    links,
    addresses,
    routes,
    neighbours,
    changes,
    refuse: () => undefined,
    get openSockets() {
      return openSockets;
    },
    open() {
      openSockets += 1;
      return Promise.resolve(socket);
    },
  };
  return network;
}
