// SPDX-License-Identifier: Apache-2.0
import { randomBytes } from 'node:crypto';

import type { VirtualMachine } from '@hako/hypervisor';

import type { AgentCallOptions } from '../../process/guest-agent.ts';
import { describeError, SandboxError } from '../../sandbox-error.ts';
import { UndoStack } from '../../undo-stack.ts';
import type { GuestNetwork } from '../guest-network.ts';
import type { CheckedNetwork } from '../network-options.ts';
import type { NetworkAgent } from '../user-network.ts';
import { chooseEndpoints, type Endpoint } from './endpoint.ts';
import { guestMessages, type GuestCard } from './guest-messages.ts';
import { mirrorLink } from './mirror-link.ts';
import { expectNetworkNamespace, isGone } from './namespace-file.ts';
import { writeTrace } from './network-trace.ts';
import { planCard, type CardPlan } from './plan-card.ts';
import { readNamespace } from './read-namespace.ts';
import { enterNamespace, type RunInNamespace } from './run-in-namespace.ts';

/** What `tc` takes at most (`TC_COOKIE_MAX_SIZE`). */
const cookieBytes = 16;

type NamespaceOptions = Extract<CheckedNetwork, { kind: 'namespace' }>;

/**
 * Reads a network namespace and decides how a guest is joined to it; changes nothing. Errors: `network_failed`, those of
 * the tools.
 * @param options which, and how
 * @param enter opens a way into it
 * @param signal ends it
 */
export async function openNamespaceNetwork(
  { path, model }: NamespaceOptions,
  enter: (path: string) => RunInNamespace = enterNamespace,
  signal: AbortSignal,
): Promise<GuestNetwork> {
  await expectNetworkNamespace(path);
  const run = enter(path);
  const view = await readNamespace(run, signal);
  const endpoints = chooseEndpoints(view);
  if (endpoints.length === 0 && model !== 'none') {
    throw new SandboxError('network_failed', `network namespace ${path} has no link with an address`, {
      remedy: 'set it up first',
    });
  }
  const cards = endpoints.map((endpoint, index) => planCard({ endpoint, index, model, qdiscs: view.qdiscs }));
  return new NamespaceNetwork(path, run, cards);
}

class NamespaceNetwork implements GuestNetwork {
  readonly namespacePath: string;
  readonly #run: RunInNamespace;
  readonly #cards: readonly CardPlan[];
  readonly #cookie = randomBytes(cookieBytes).toString('hex');
  readonly #undo = new UndoStack();
  readonly #closing = new AbortController();
  #attaching: Promise<void> = Promise.resolve();

  constructor(namespacePath: string, run: RunInNamespace, cards: readonly CardPlan[]) {
    this.namespacePath = namespacePath;
    this.#run = run;
    this.#cards = cards;
  }

  async leaveTrace(directory: string): Promise<void> {
    const links = this.#cards.flatMap(({ mirrored, endpoint }) => (mirrored ? [endpoint.name] : []));
    await writeTrace(directory, { namespacePath: this.namespacePath, cookie: this.#cookie, links });
  }

  attach(
    vm: Pick<VirtualMachine, 'plug'>,
    agent: NetworkAgent,
    { signal: callerSignal }: AgentCallOptions,
  ): Promise<void> {
    const signals = [this.#closing.signal, ...(callerSignal === undefined ? [] : [callerSignal])];
    const attaching = this.#attach(vm, agent, AbortSignal.any(signals));
    this.#attaching = attaching;
    return attaching;
  }

  async close(): Promise<void> {
    this.#closing.abort();
    // What is being done is finished or given up before it is taken back; each command is bounded.
    await this.#attaching.catch(() => undefined);
    if (await isGone(this.namespacePath)) return;
    const [failure] = await this.#undo.unwind();
    if (failure === undefined) return;
    const { step, error: cause } = failure;
    throw new SandboxError('network_failed', `${step} could not be removed: ${describeError(cause)}`, {
      cause,
    });
  }

  async #attach(vm: Pick<VirtualMachine, 'plug'>, agent: NetworkAgent, signal: AbortSignal): Promise<void> {
    const cards: GuestCard[] = [];
    // One after the other: the guest numbers cards as they come, and the order is to be the same each time.
    for (const plan of this.#cards) cards.push(await this.#plug(plan, vm, signal));
    const { interfaces, routes, neighbours } = guestMessages(cards);
    for (const one of interfaces) await agent.updateInterface({ interface: one }, { signal });
    if (routes.length > 0) await agent.updateRoutes({ routes: { Routes: [...routes] } }, { signal });
    if (neighbours.length > 0) {
      await agent.addARPNeighbors({ neighbors: { ARPNeighbors: [...neighbours] } }, { signal });
    }
  }

  async #plug(plan: CardPlan, vm: Pick<VirtualMachine, 'plug'>, signal: AbortSignal): Promise<GuestCard> {
    const { id, mac, tap, mirrored, endpoint } = plan;
    const backend = { kind: 'tap', interfaceName: tap } as const;
    const { address } = await vm.plug({ kind: 'network', id, mac, backend }, { signal });
    if (mirrored) await this.#mirror(endpoint, tap, signal);
    return { endpoint, mac, pciPath: address.pciPath };
  }

  async #mirror({ name: link, mtuBytes }: Endpoint, tap: string, signal: AbortSignal): Promise<void> {
    const request = { link, tap, mtuBytes, cookie: this.#cookie };
    try {
      await mirrorLink(request, this.#run, this.#undo, signal);
    } catch (cause) {
      if (signal.aborted) throw cause;
      throw new SandboxError('network_failed', `link ${link} cannot be joined: ${describeError(cause)}`, {
        cause,
      });
    }
  }
}
