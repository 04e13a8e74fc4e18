// SPDX-License-Identifier: Apache-2.0
import { describeError, SandboxError } from '../../sandbox-error.ts';
import { UndoStack, type UndoFailure } from '../../undo-stack.ts';
import type { NetworkMachine } from '../guest-network.ts';
import type { NetworkAgent } from '../network-agent.ts';
import { guestMessages, type GuestCard } from './guest-messages.ts';
import { joinCard, type JoinContext } from './join-card.ts';
import { changeName } from './network-change.ts';
import type { NetworkTrace } from './network-trace.ts';
import type { CardPlan } from './plan-card.ts';

/** A card on its way into the machine, or in it. */
interface Entry {
  readonly id: string;
  /** The link it stands for. */
  readonly link: string;
  readonly mac: string;
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
    return [...this.#entries].some((entry) => entry.link === link);
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
    const { trace, vm } = context;
    const entries: Entry[] = [];
    const cards: GuestCard[] = [];
    try {
      // One after the other: the guest numbers cards as they come, and the order is to be the same each time.
      for (const plan of plans) {
        const { id, mac } = plan;
        const entry = this.#enter(trace, { id, mac, link: plan.endpoint.name });
        entries.push(entry);
        await trace.addCard(entry);
        cards.push(await joinCard(plan, context, entry.undo, signal));
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
      if (!signal.aborted) for (const entry of entries.toReversed()) await this.#takeBack(entry, vm);
      throw error;
    }
  }

  /**
   * Goes on with the cards of a dead owner, and takes back what it has done for those that are not in the machine. What cannot be
   * is told by {@link GuestCards.close}.
   * @param context with what that owner has written down
   * @param plugged devices of the machine
   */
  async takeUp(
    { trace, run, sysfs }: Pick<JoinContext, 'trace' | 'run' | 'sysfs'>,
    plugged: ReadonlySet<string>,
  ): Promise<void> {
    for (const { id, link, mac, changes } of trace.cards) {
      const entry = this.#enter(trace, { id, link, mac });
      for (const change of changes)
        entry.undo.push(changeName(change), () => trace.takeBack(id, change, run, sysfs));
      if (plugged.has(id)) continue;
      this.#left.push(...(await entry.undo.unwind()));
      this.#entries.delete(entry);
    }
  }

  /**
   * Takes a card out of the machine, and writes down that its link was taken out of the guest. Errors: `network_failed`, those of
   * the hypervisor's `unplug`.
   */
  async remove(
    nameOrMac: string,
    { vm, trace }: Pick<JoinContext, 'vm' | 'trace'>,
    signal: AbortSignal,
  ): Promise<void> {
    const found = [...this.#entries].find(
      ({ link, mac }) => mac === nameOrMac.toLowerCase() || link === nameOrMac,
    );
    if (found === undefined) {
      throw new SandboxError('network_failed', `the guest has no interface ${JSON.stringify(nameOrMac)}`);
    }
    await vm.unplug(found.id, { signal });
    // Before anything else can fail: it is not to come back by itself.
    await trace.withhold(found.link);
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

  #enter(trace: NetworkTrace, card: Omit<Entry, 'undo'>): Entry {
    const entry = { ...card, undo: new UndoStack() };
    // It runs last: what could not be taken back is still told of then.
    entry.undo.push('trace', () => trace.removeCard(card.id));
    this.#entries.add(entry);
    return entry;
  }

  async #takeBack(entry: Entry, vm: NetworkMachine): Promise<void> {
    // It may not have come into the machine at all.
    await vm.unplug(entry.id).catch(() => undefined);
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
