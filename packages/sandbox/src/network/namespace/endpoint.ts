// SPDX-License-Identifier: Apache-2.0
import { SandboxError } from '../../sandbox-error.ts';
import type { IpLink, IpNeighbour, IpRoute } from './ip-output.ts';

/** Kinds of links a guest can be given, in the words of Kata's runtime. */
export type EndpointType =
  'virtual' | 'macvlan' | 'macvtap' | 'ipvlan' | 'tap' | 'tuntap' | 'physical' | 'vhost-user';

/** A link of a namespace that the guest shall have in its stead, with all that belongs to it. */
export interface Endpoint {
  readonly name: string;
  readonly type: EndpointType;
  /** Number of the link in its namespace. */
  readonly index: number;
  /** Of a physical link: the address of its PCI function. */
  readonly pciAddress?: string;
  /** Of a vhost-user link: where the process listens that moves its packets. */
  readonly socketPath?: string;
  /** Whether a tap can be opened several times. */
  readonly isMultiQueue?: boolean;
  readonly mac: string;
  readonly mtuBytes: number;
  readonly hasArp: boolean;
  readonly addresses: readonly EndpointAddress[];
  /** In the order of the kernel. */
  readonly routes: readonly (IpRoute & { readonly family: IpFamily })[];
  readonly neighbours: readonly IpNeighbour[];
}

/** Which Internet Protocol. */
export type IpFamily = 'ipv4' | 'ipv6';

/** An address of a link. */
export interface EndpointAddress {
  readonly family: IpFamily;
  readonly address: string;
  readonly prefixLength: number;
}

/** All that was read from a namespace. */
export interface NamespaceFacts {
  readonly links: readonly IpLink[];
  /** Main table. */
  readonly ipv4Routes: readonly IpRoute[];
  /** Main table. */
  readonly ipv6Routes: readonly IpRoute[];
  readonly neighbours: readonly IpNeighbour[];
  /** Sockets of processes that move the packets of an address, by the address. */
  readonly vhostUserSockets?: ReadonlyMap<string, string>;
}

/**
 * Chooses the links a guest is given: all with an address that somebody gave them, sorted by name, the loopback excepted. What
 * the kernel gives to each link that is up, an IPv6 address of the link itself, makes none. Error: `network_failed` for a
 * link with an address that no guest can have.
 * @param facts what is in the namespace
 */
export function chooseEndpoints(facts: NamespaceFacts): Endpoint[] {
  return facts.links
    .filter(hasGivenAddress)
    .map((link) => toEndpoint(link, facts))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/**
 * Tells whether a guest is given a link by itself.
 * @param link the link
 */
export function hasGivenAddress({ addr_info: addresses, flags }: IpLink): boolean {
  return addresses.some(isGiven) && !flags.includes('LOOPBACK');
}

/**
 * Makes an endpoint of one link, with or without addresses. Error: `network_failed` for what no guest can have.
 * @param link the link
 * @param facts what else is in its namespace
 */
export function toEndpoint(link: IpLink, facts: NamespaceFacts): Endpoint {
  const { ifname: name, address: mac, ifindex: index, parentdev, linkinfo } = link;
  const isOwn = ({ dev, type }: IpRoute): boolean => dev === name && type === 'unicast';
  if (mac === undefined || link.link_type !== 'ether') throw unusable(link, 'has no hardware address');
  const socketPath = link.addr_info
    .map(({ local }) => facts.vhostUserSockets?.get(local ?? ''))
    .find((path) => path !== undefined);
  const type = endpointType(link, socketPath);
  return {
    name,
    type,
    index,
    ...(type === 'physical' && parentdev !== undefined ? { pciAddress: parentdev } : {}),
    ...(type === 'vhost-user' && socketPath !== undefined ? { socketPath } : {}),
    ...(linkinfo?.info_data?.multi_queue === true ? { isMultiQueue: true } : {}),
    mac,
    mtuBytes: link.mtu,
    hasArp: !link.flags.includes('NOARP'),
    addresses: link.addr_info.flatMap(({ family, local, prefixlen }) =>
      local === undefined || isLoopback(local)
        ? []
        : [{ family: family === 'inet6' ? 'ipv6' : 'ipv4', address: local, prefixLength: prefixlen }],
    ),
    routes: [
      ...facts.ipv4Routes.filter(isOwn).map((route) => ({ ...route, family: 'ipv4' as const })),
      ...facts.ipv6Routes.filter(isOwn).map((route) => ({ ...route, family: 'ipv6' as const })),
    ],
    neighbours: facts.neighbours.filter(({ dev }) => dev === name),
  };
}

/** In the order in which Kata's runtime asks. */
function endpointType(link: IpLink, socketPath: string | undefined): EndpointType {
  const { info_kind: kind, info_data: data } = link.linkinfo ?? {};
  if (link.parentbus === 'pci') return 'physical';
  if (link.parentbus !== undefined) throw unusable(link, `is a device on the host's ${link.parentbus} bus`);
  if (socketPath !== undefined) return 'vhost-user';
  switch (kind) {
    case 'macvlan':
    case 'macvtap':
    case 'ipvlan':
    case 'tap':
      return kind;
    case 'tun':
      // Mode `tun` has no hardware address, so it does not come here.
      if (data?.type === 'tap') return 'tuntap';
      break;
    case 'veth':
    case undefined:
      return 'virtual';
    default:
      break;
  }
  throw unusable(link, `is a ${kind} link`);
}

function unusable({ ifname }: IpLink, why: string): SandboxError {
  return new SandboxError('network_failed', `link ${ifname} cannot be given to a guest: it ${why}`, {
    remedy: 'take its addresses off, or use a namespace without it',
  });
}

/** fe80::/10 are addresses of the link itself (RFC 4291, section 2.4). */
function isGiven({ local }: IpLink['addr_info'][number]): boolean {
  return local !== undefined && !/^fe[89ab]/.test(local);
}

function isLoopback(address: string): boolean {
  return address === '::1' || address.startsWith('127.');
}
