// SPDX-License-Identifier: Apache-2.0
import { describeError, SandboxError } from '../../sandbox-error.ts';
import { UndoStack, type UndoFailure } from '../../undo-stack.ts';
import type { NetworkMachine } from '../guest-network.ts';
import type { NetworkAgent } from '../network-agent.ts';
import { guestMessages, type GuestCard } from './guest-messages.ts';
import { joinCard, type JoinContext } from './join-card.ts';
import type { CardPlan } from './plan-card.ts';

/** A card on its way into the machine, or in it. */
interface Entry {
  readonly plan: CardPlan;
  /** Takes back what was changed on the host for it. */
  readonly undo: UndoStack;
}

/** What {@link GuestCards.add} works with. */
export interface AddContext {
  readonly context: JoinContext;
  readonly agent: NetworkAgent;
  /** Whether the guest is told of neighbours. */
  readonly withNeighbours: boolean;
}

/** The cards of one machine. */
export class GuestCards {
  readonly #entries = new Set<Entry>();
  /** What could not be taken back when the addition of a card failed. */
  readonly #left: UndoFailure[] = [];

  /** How many there are. */
  get size(): number {
    return this.#entries.size;
  }

  /** Whether a link has a card. */
  has(link: string): boolean {
    return [...this.#entries].some(({ plan }) => plan.endpoint.name === link);
  }

  /**
   * Joins links and tells the guest of them; on failure no card of these is left in the machine, and what could not be taken
   * back is told by {@link GuestCards.close}. Errors: those of `joinCard` and of the agent.
   */
  async add(
    plans: readonly CardPlan[],
    { context, agent, withNeighbours }: AddContext,
    signal: AbortSignal,
  ): Promise<void> {
    const entries = plans.map((plan) => ({ plan, undo: new UndoStack() }));
    const cards: GuestCard[] = [];
    try {
      // One after the other: the guest numbers cards as they come, and the order is to be the same each time.
      for (const entry of entries) {
        this.#entries.add(entry);
        cards.push(await joinCard(entry.plan, context, entry.undo, signal));
      }
      const { interfaces, routes, neighbours } = guestMessages(cards);
      for (const one of interfaces) await agent.updateInterface({ interface: one }, { signal });
      // The guest's other routes stay. Who sent them again would undo what other processes have made of them.
      if (routes.length > 0) await agent.updateRoutes({ routes: { Routes: [...routes] } }, { signal });
      if (withNeighbours && neighbours.length > 0) {
        await agent.addARPNeighbors({ neighbors: { ARPNeighbors: [...neighbours] } }, { signal });
      }
    } catch (error) {
      // A machine that ends takes its cards along.
      if (!signal.aborted) for (const entry of entries.toReversed()) await this.#takeBack(entry, context.vm);
      throw error;
    }
  }

  /** Takes a card out of the machine. Errors: `network_failed`, those of the hypervisor's `unplug`. */
  async remove(nameOrMac: string, vm: NetworkMachine, signal: AbortSignal): Promise<void> {
    const found = [...this.#entries].find(
      ({ plan }) => plan.mac === nameOrMac.toLowerCase() || plan.endpoint.name === nameOrMac,
    );
    if (found === undefined) {
      throw new SandboxError('network_failed', `the guest has no interface ${JSON.stringify(nameOrMac)}`);
    }
    await vm.unplug(found.plan.id, { signal });
    const [failure] = await found.undo.unwind();
    this.#entries.delete(found);
    if (failure !== undefined) throw notRemoved(failure);
  }

  /** Takes back everything on the host, the last card first; answers with all that could not be. */
  async close(): Promise<readonly UndoFailure[]> {
    const failures = [...this.#left];
    for (const { undo } of [...this.#entries].toReversed()) failures.push(...(await undo.unwind()));
    this.#entries.clear();
    return failures;
  }

  async #takeBack(entry: Entry, vm: NetworkMachine): Promise<void> {
    // It may not have come into the machine at all.
    await vm.unplug(entry.plan.id).catch(() => undefined);
    this.#left.push(...(await entry.undo.unwind()));
    this.#entries.delete(entry);
  }
}

/** The error for what could not be taken back. */
export function notRemoved({ step, error: cause }: UndoFailure): SandboxError {
  return new SandboxError('network_failed', `${step} could not be removed: ${describeError(cause)}`, {
    cause,
  });
}
