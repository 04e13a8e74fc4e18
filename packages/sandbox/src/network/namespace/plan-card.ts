// SPDX-License-Identifier: Apache-2.0
import { SandboxError } from '../../sandbox-error.ts';
import type { NetworkModel } from '../network-options.ts';
import type { Endpoint } from './endpoint.ts';
import type { TcQdisc } from './ip-output.ts';

/** How one link becomes a card of the machine. */
export interface CardPlan {
  readonly endpoint: Endpoint;
  /** Of the device in the machine. */
  readonly id: string;
  /** What the card says its hardware address is. */
  readonly mac: string;
  /** What the hypervisor opens: a tap that is there, or one that it makes by this name and that ends with it. */
  readonly tap: string;
  /** Whether the tap has to be joined to the link by filters. */
  readonly mirrored: boolean;
}

/** What {@link planCard} decides about. */
export interface CardRequest {
  readonly endpoint: Endpoint;
  /** Number of the card. */
  readonly index: number;
  readonly model: NetworkModel;
  readonly qdiscs: readonly TcQdisc[];
}

/**
 * Decides how a link becomes a card. Error: `network_failed` for what cannot be joined by this model.
 * @param request the link and the model
 */
export function planCard({ endpoint, index, model, qdiscs }: CardRequest): CardPlan {
  const { name, type, mac } = endpoint;
  const id = `net${index}`;
  switch (type) {
    case 'tap':
    case 'tuntap':
      return { endpoint, id, mac: otherEnd(mac), tap: name, mirrored: false };
    case 'physical':
      throw refusal(name, 'is a device of the host, and passing it through is not supported');
    case 'macvtap':
      throw refusal(name, 'is a macvtap, which a running machine cannot be given');
    case 'virtual':
    case 'macvlan':
    case 'ipvlan':
      break;
    default:
      return type satisfies never;
  }
  if (model === 'none') throw refusal(name, 'needs a model that joins it', 'use the model tcfilter');
  if (qdiscs.some(({ dev, kind }) => dev === name && (kind === 'ingress' || kind === 'clsact'))) {
    throw refusal(
      name,
      'has filters already',
      `use one sandbox per namespace, or remove them with \`tc qdisc del dev ${name} ingress\``,
    );
  }
  return { endpoint, id, mac, tap: `tap${index}_hako`, mirrored: true };
}

/** The two ends of a cable have two addresses: the tap keeps its own, and the guest has one that follows from it. */
function otherEnd(mac: string): string {
  const first = (Number.parseInt(mac.slice(0, 2), 16) | 0x02) ^ 0x04;
  return first.toString(16).padStart(2, '0') + mac.slice(2);
}

function refusal(link: string, why: string, remedy = 'use another namespace'): SandboxError {
  return new SandboxError('network_failed', `link ${link} ${why}`, { remedy });
}
