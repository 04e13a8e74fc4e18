// SPDX-License-Identifier: Apache-2.0
import { randomBytes } from 'node:crypto';

import { SandboxError } from '../../sandbox-error.ts';
import type { NetworkModel, RateLimits } from '../network-options.ts';
import type { Endpoint } from './endpoint.ts';
import type { TcQdisc } from './ip-output.ts';
import { isTaken, planRates, type CardDevices, type PlannedRate } from './plan-rates.ts';

/** What connects a card of the machine with a link. */
export type Connection =
  /** A tap that is there. */
  | { readonly kind: 'tap'; readonly tap: string }
  /** A tap that the hypervisor makes by this name and that ends with it, joined to the link by filters. */
  | { readonly kind: 'mirror'; readonly tap: string }
  /** A macvtap made on the link, which gives the guest its own hardware address and takes this one instead. */
  | { readonly kind: 'macvtap'; readonly tap: string; readonly privateMac: string }
  /** A macvtap that is there. */
  | { readonly kind: 'own-macvtap' }
  /** A process that moves the packets. */
  | { readonly kind: 'vhost-user'; readonly socketPath: string }
  /** None: the guest gets the device itself. */
  | { readonly kind: 'vfio'; readonly pciAddress: string };

/** How one link becomes a card of the machine. */
export interface CardPlan {
  readonly endpoint: Endpoint;
  /** Of the device in the machine. */
  readonly id: string;
  /** What the card says its hardware address is. */
  readonly mac: string;
  /** Pairs of queues, so that several CPUs can send and receive at once. */
  readonly queues: number;
  readonly connection: Connection;
  readonly rates: readonly PlannedRate[];
}

/** What {@link planCard} decides about. */
export interface CardRequest {
  readonly endpoint: Endpoint;
  /** Number of the card. */
  readonly index: number;
  readonly model: NetworkModel;
  /** CPUs of the machine. */
  readonly vcpus: number;
  readonly qdiscs: readonly TcQdisc[];
  /** Default: none. */
  readonly rates?: RateLimits;
}

/** More pairs of queues than this bring little, and each costs interrupts and descriptors. */
const mostQueues = 16;

/**
 * Decides how a link becomes a card. Error: `network_failed` for what cannot be joined by this model.
 * @param request the link and the model
 */
export function planCard(request: CardRequest): CardPlan {
  const { endpoint, index, vcpus } = request;
  const { type, mac, isMultiQueue = false } = endpoint;
  const isTap = type === 'tap' || type === 'tuntap';
  const hasQueues = isTap ? isMultiQueue : type !== 'vhost-user' && type !== 'physical';
  const connection = connectionTo(request);
  return {
    endpoint,
    id: `net${index}`,
    mac: isTap ? otherEnd(mac) : mac,
    queues: hasQueues ? Math.min(vcpus, mostQueues) : 1,
    connection,
    rates: ratesOf(request, connection),
  };
}

function ratesOf(
  { endpoint: { name }, index, qdiscs, rates = {} }: CardRequest,
  connection: Connection,
): readonly PlannedRate[] {
  if (Object.keys(rates).length === 0) return [];
  const devices = devicesOf(name, connection);
  if (devices === undefined)
    throw refusal(name, 'bypasses the kernel of the host, which limits rates', 'leave the limits out');
  const planned = planRates(rates, devices, index);
  const taken = planned.find((rate) => isTaken(rate, qdiscs));
  if (taken === undefined) return planned;
  throw refusal(
    name,
    `has a queueing discipline at its ${taken.at} already`,
    `see \`tc qdisc show dev ${name}\``,
  );
}

/** What leaves by a tap comes to the guest; what leaves by a macvtap is what the guest has sent. */
function devicesOf(link: string, connection: Connection): CardDevices | undefined {
  switch (connection.kind) {
    case 'tap':
      return { toGuest: { name: connection.tap, isLasting: true } };
    case 'mirror':
      return {
        toGuest: { name: connection.tap, isLasting: false },
        fromGuest: { name: link, isLasting: true },
      };
    case 'macvtap':
      return { fromGuest: { name: connection.tap, isLasting: false } };
    case 'own-macvtap':
      return { fromGuest: { name: link, isLasting: true } };
    case 'vhost-user':
    case 'vfio':
      return undefined;
    default:
      return connection satisfies never;
  }
}

function connectionTo({ endpoint, index, model, qdiscs }: CardRequest): Connection {
  const { name, type, pciAddress, socketPath } = endpoint;
  switch (type) {
    case 'tap':
    case 'tuntap':
      return { kind: 'tap', tap: name };
    case 'macvtap':
      return { kind: 'own-macvtap' };
    case 'physical':
      if (pciAddress === undefined) throw refusal(name, 'is a device of the host without an address');
      return { kind: 'vfio', pciAddress };
    case 'vhost-user':
      if (socketPath === undefined) throw refusal(name, 'has no socket');
      return { kind: 'vhost-user', socketPath };
    case 'virtual':
    case 'macvlan':
    case 'ipvlan':
      break;
    default:
      return type satisfies never;
  }
  const tap = `tap${index}_hako`;
  if (model === 'none')
    throw refusal(name, 'needs a model that joins it', 'use the model tcfilter or macvtap');
  // All ipvlans of a link share its hardware address, so nothing can be told apart by it.
  if (model === 'macvtap' && type !== 'ipvlan') return { kind: 'macvtap', tap, privateMac: randomMac() };
  if (qdiscs.some(({ dev, kind }) => dev === name && (kind === 'ingress' || kind === 'clsact'))) {
    throw refusal(
      name,
      'has filters already',
      `use one sandbox per namespace, or remove them with \`tc qdisc del dev ${name} ingress\``,
    );
  }
  return { kind: 'mirror', tap };
}

/** The two ends of a cable have two addresses: the tap keeps its own, and the guest has one that follows from it. */
function otherEnd(mac: string): string {
  const first = (Number.parseInt(mac.slice(0, 2), 16) | 0x02) ^ 0x04;
  return first.toString(16).padStart(2, '0') + mac.slice(2);
}

/** One that nobody has registered, of a single station. */
function randomMac(): string {
  const bytes = randomBytes(6);
  bytes[0] = ((bytes[0] ?? 0) | 0x02) & 0xfe;
  return Array.from(bytes, (octet) => octet.toString(16).padStart(2, '0')).join(':');
}

function refusal(link: string, why: string, remedy = 'use another namespace'): SandboxError {
  return new SandboxError('network_failed', `link ${link} ${why}`, { remedy });
}
