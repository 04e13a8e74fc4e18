// SPDX-License-Identifier: Apache-2.0
import type { NetworkBackend, PluggableDevice } from '@hako/hypervisor';

import { describeError, SandboxError } from '../../sandbox-error.ts';
import type { UndoStack } from '../../undo-stack.ts';
import type { NetworkMachine } from '../guest-network.ts';
import type { GuestCard } from './guest-messages.ts';
import { bringUpWords, drawMacvtapIndex, setNeighbours, takeLink } from './macvtap-link.ts';
import { mirrorLink } from './mirror-link.ts';
import { changeName, undoChange, type NetworkChange } from './network-change.ts';
import { isGone } from './namespace-file.ts';
import type { NetworkTrace } from './network-trace.ts';
import type { CardPlan } from './plan-card.ts';
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
  const { endpoint, id, mac, connection } = plan;
  const joining = new Joining(plan, context, undo, signal);
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
      await joining.takeFunction(address);
      return plug({ kind: 'vfio', id, host: { kind: 'pci', address } });
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
    const links = await readLinks(this.#context.run, this.#signal);
    const index = await drawMacvtapIndex(new Set(links.map(({ ifindex }) => ifindex)));
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

  /** A command that is cut short may have done its work: its reversal is there before it, and looks first. */
  async #change(change: NetworkChange, make: (run: RunInNamespace) => Promise<unknown>): Promise<void> {
    const { trace, run, sysfs } = this.#context;
    await trace.add(change);
    this.#undo.push(changeName(change), async () => {
      const { directory, cookie, namespacePath } = trace;
      const way = (await isGone(namespacePath)) ? undefined : run;
      await undoChange(change, { run: way, directory, cookie, sysfs });
      await trace.remove(change);
    });
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
