// SPDX-License-Identifier: Apache-2.0
import type { NetworkBackend, PciePort, PluggableDevice } from '@hako/hypervisor';

import { describeError, SandboxError } from '../../sandbox-error.ts';
import type { UndoStack } from '../../undo-stack.ts';
import type { NetworkMachine } from '../guest-network.ts';
import type { GuestCard } from './guest-messages.ts';
import { drawLinkIndex } from './link-index.ts';
import { bringUpWords, setNeighbours, takeLink } from './macvtap-link.ts';
import { mirrorLink } from './mirror-link.ts';
import { limitDevice, limitIngress } from './limit-rate.ts';
import { changeName, type NetworkChange } from './network-change.ts';
import type { NetworkTrace } from './network-trace.ts';
import type { CardPlan } from './plan-card.ts';
import type { PlannedRate } from './plan-rates.ts';
import { readLinks } from './read-namespace.ts';
import type { RunInNamespace } from './run-in-namespace.ts';
import type { OpenMacvtap } from './tap-files.ts';
import { planFunction, setFunctionMac, takeFunction } from './vfio-function.ts';

/** What {@link joinCard} works with. */
export interface JoinContext {
  readonly run: RunInNamespace;
  readonly vm: NetworkMachine;
  readonly trace: NetworkTrace;
  readonly openMacvtap: OpenMacvtap;
  /** Whether the kernel of the host moves packets between tap and guest, past the hypervisor. */
  readonly vhost: boolean;
  /** Default `/sys`. */
  readonly sysfs?: string | undefined;
  /** Port of the machine for devices of the host. Default: the place of all devices. */
  readonly vfioPort?: PciePort | undefined;
}

/**
 * Joins a link to the machine by a card of its own. Errors: `network_failed` for the host's side, those of the hypervisor's
 * `plug`.
 * @param plan link and card
 * @param context what to work with
 * @param undo gets what takes the host's side back, before it is made
 * @param signal ends it
 */
export async function joinCard(
  plan: CardPlan,
  context: JoinContext,
  undo: UndoStack,
  signal: AbortSignal,
): Promise<GuestCard> {
  const joining = new Joining(plan, context, undo, signal);
  const card = await connectCard(plan, context, joining, signal);
  // In the order of Kata: the devices of some cards are made when the card is plugged.
  for (const rate of plan.rates) await joining.limit(rate);
  return card;
}

async function connectCard(
  { endpoint, id, mac, connection }: CardPlan,
  context: JoinContext,
  joining: Joining,
  signal: AbortSignal,
): Promise<GuestCard> {
  const plug = async (device: PluggableDevice<'network' | 'vfio'>): Promise<GuestCard> => {
    const { address } = await context.vm.plug(device, { signal });
    return { endpoint, mac, pciPath: address.pciPath };
  };
  const plugNetwork = (backend: NetworkBackend): Promise<GuestCard> =>
    plug({ kind: 'network', id, mac, backend });
  switch (connection.kind) {
    case 'tap':
      return plugNetwork(joining.tapBackend(connection.tap));
    case 'mirror': {
      const card = await plugNetwork(joining.tapBackend(connection.tap));
      await joining.mirror(connection.tap);
      return card;
    }
    case 'macvtap': {
      const index = await joining.take(connection);
      return joining.withMacvtap(index, plugNetwork);
    }
    case 'own-macvtap':
      await joining.bringUp();
      return joining.withMacvtap(endpoint.index, plugNetwork);
    case 'vhost-user':
      return plugNetwork({ kind: 'vhost-user', socketPath: connection.socketPath });
    case 'vfio': {
      const { pciAddress: address } = connection;
      const { vfioPort: port } = context;
      await joining.takeFunction(address);
      return plug({ kind: 'vfio', id, host: { kind: 'pci', address }, ...(port && { port }) });
    }
    default:
      return connection satisfies never;
  }
}

/** The steps on the host for one card. */
class Joining {
  readonly #plan: CardPlan;
  readonly #context: JoinContext;
  readonly #undo: UndoStack;
  readonly #signal: AbortSignal;

  constructor(plan: CardPlan, context: JoinContext, undo: UndoStack, signal: AbortSignal) {
    this.#plan = plan;
    this.#context = context;
    this.#undo = undo;
    this.#signal = signal;
  }

  tapBackend(interfaceName: string): NetworkBackend {
    const { queues } = this.#plan;
    const { vhost } = this.#context;
    return { kind: 'tap', interfaceName, ...(vhost && { vhost }), ...(queues > 1 && { queues }) };
  }

  async mirror(tap: string): Promise<void> {
    const { name: link, mtuBytes } = this.#plan.endpoint;
    const { cookie } = this.#context.trace;
    const request = { link, tap, mtuBytes, cookie };
    await this.#change({ kind: 'mirror', link }, (run) => mirrorLink(request, run, this.#signal));
  }

  /** @returns the number of the macvtap */
  async take({ tap, privateMac }: { readonly tap: string; readonly privateMac: string }): Promise<number> {
    const { endpoint, queues, id: files } = this.#plan;
    const { name: link, mac, mtuBytes } = endpoint;
    const { directory } = this.#context.trace;
    const index = await this.#drawIndex();
    const neighbours = setNeighbours(endpoint);
    const change = { kind: 'macvtap', link, tap, index, mac, privateMac, neighbours, files } as const;
    await this.#change(change, (run) => takeLink({ change, mtuBytes, queues, directory }, run, this.#signal));
    return index;
  }

  bringUp(): Promise<unknown> {
    const { name } = this.#plan.endpoint;
    return this.#attempt(() => this.#context.run(bringUpWords(name), { signal: this.#signal }));
  }

  async withMacvtap<T>(index: number, plug: (backend: NetworkBackend) => Promise<T>): Promise<T> {
    const { mac, queues: count } = this.#plan;
    using files = await this.#context.openMacvtap({ index, mac, count });
    const { vhost } = this.#context;
    return await plug({
      kind: 'tap-descriptors',
      descriptors: files.descriptors,
      ...(vhost && { vhost }),
    });
  }

  async takeFunction(pciAddress: string): Promise<void> {
    const { name, mac } = this.#plan.endpoint;
    const { sysfs } = this.#context;
    const change = await planFunction(name, pciAddress, sysfs);
    await this.#change(change, async () => {
      await setFunctionMac(pciAddress, mac, sysfs);
      await takeFunction(change, sysfs);
    });
  }

  async limit(rate: PlannedRate): Promise<void> {
    const { at, device, bitsPerSecond } = rate;
    const { cookie } = this.#context.trace;
    const limit = { device, bitsPerSecond, cookie };
    if (at === 'ingress') {
      const detour = { kind: 'detour', device, ifb: rate.ifb, index: await this.#drawIndex() } as const;
      await this.#change(detour, (run) => limitIngress(detour, limit, run, this.#signal));
      return;
    }
    const set = (run: RunInNamespace): Promise<void> => limitDevice(limit, run, this.#signal);
    if (rate.isLasting) await this.#change({ kind: 'queue', device }, set);
    else await this.#attempt(() => set(this.#context.run));
  }

  async #drawIndex(): Promise<number> {
    const links = await readLinks(this.#context.run, this.#signal);
    return drawLinkIndex(new Set(links.map(({ ifindex }) => ifindex)));
  }

  /** A command that is cut short may have done its work: its reversal is there before it, and looks first. */
  async #change(change: NetworkChange, make: (run: RunInNamespace) => Promise<unknown>): Promise<void> {
    const { trace, run, sysfs } = this.#context;
    const { id } = this.#plan;
    await trace.addChange(id, change);
    this.#undo.push(changeName(change), () => trace.takeBack(id, change, run, sysfs));
    await this.#attempt(() => make(run));
  }

  async #attempt<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (cause) {
      if (this.#signal.aborted) throw cause;
      const { name } = this.#plan.endpoint;
      throw new SandboxError('network_failed', `link ${name} cannot be joined: ${describeError(cause)}`, {
        cause,
      });
    }
  }
}
