// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path';

import { z } from 'zod';

import { replaceFile } from '../../replace-file.ts';
import { traceFile } from '../leftover-network.ts';
import { isGone } from './namespace-file.ts';
import { networkChangeSchema, undoChange, type NetworkChange } from './network-change.ts';
import type { RunInNamespace } from './run-in-namespace.ts';

const cardSchema = z.object({
  /** Of the device in the machine. */
  id: z.string().regex(/^net\d+$/),
  /** The link it stands for. */
  link: z.string(),
  mac: z.string(),
  /** What was changed on the host for it. */
  changes: z.array(networkChangeSchema),
});

const traceSchema = z.object({
  namespacePath: z.string(),
  cookie: z.string().regex(/^(?:[\da-f]{2}){1,16}$/),
  cards: z.array(cardSchema),
  nextCard: z.int().nonnegative(),
  withheld: z.array(z.string()),
});

/** A card of the machine, or one on its way there. */
export type TracedCard = z.infer<typeof cardSchema>;

/** What the file says. */
type TraceContent = z.infer<typeof traceSchema>;

/** The cards of one sandbox and its changes on the host, on file: each is written down before it is made. */
export class NetworkTrace {
  /** Run directory of the sandbox. */
  readonly directory: string;
  /** The mark of its filters and queues. */
  readonly cookie: string;
  /** File of the namespace. */
  readonly namespacePath: string;
  readonly #cards: Map<string, TracedCard>;
  #nextCard: number;
  readonly #withheld: Set<string>;

  /**
   * @param directory run directory of the sandbox
   * @param content what there is already
   */
  constructor(
    directory: string,
    {
      namespacePath,
      cookie,
      cards = [],
      nextCard = 0,
      withheld = [],
    }: Pick<TraceContent, 'namespacePath' | 'cookie'> & Partial<TraceContent>,
  ) {
    this.directory = directory;
    this.namespacePath = namespacePath;
    this.cookie = cookie;
    this.#cards = new Map(cards.map((card) => [card.id, card]));
    this.#nextCard = nextCard;
    this.#withheld = new Set(withheld);
  }

  /** Its cards, oldest first. */
  get cards(): readonly TracedCard[] {
    return [...this.#cards.values()];
  }

  /** The lowest number that no card has had so far. */
  get nextCard(): number {
    return this.#nextCard;
  }

  /** Names of links that the guest is not to get by itself, because somebody took them out. */
  get withheld(): ReadonlySet<string> {
    return this.#withheld;
  }

  /** Writes down a card that is going to be made; from now on its link is not withheld. */
  async addCard({ id, link, mac }: Omit<TracedCard, 'changes'>): Promise<void> {
    this.#cards.set(id, { id, link, mac, changes: [] });
    this.#nextCard = Math.max(this.#nextCard, Number(id.replace(/\D/g, '')) + 1);
    this.#withheld.delete(link);
    await this.write();
  }

  /** Forgets a card, unless some of what was changed for it is still to be taken back. */
  async removeCard(id: string): Promise<void> {
    if (this.#cards.get(id)?.changes.length === 0) this.#cards.delete(id);
    await this.write();
  }

  /** Writes down that somebody has taken a link out of the guest. */
  async withhold(link: string): Promise<void> {
    this.#withheld.add(link);
    await this.write();
  }

  /** Writes down a change that is going to be made for a card. */
  async addChange(id: string, change: NetworkChange): Promise<void> {
    this.#setChanges(id, (changes) => [...changes, change]);
    await this.write();
  }

  /** Takes a change for a card back and forgets it. Errors: those of the tools. */
  async takeBack(id: string, change: NetworkChange, run: RunInNamespace, sysfs?: string): Promise<void> {
    const { directory, cookie, namespacePath } = this;
    const way = (await isGone(namespacePath)) ? undefined : run;
    await undoChange(change, { run: way, directory, cookie, sysfs });
    this.#setChanges(id, (changes) => changes.filter((one) => one !== change));
    await this.write();
  }

  #setChanges(id: string, edit: (changes: NetworkChange[]) => NetworkChange[]): void {
    const card = this.#cards.get(id);
    if (card !== undefined) this.#cards.set(id, { ...card, changes: edit(card.changes) });
  }

  /** Writes the file anew: whole, or not at all. */
  async write(): Promise<void> {
    const { namespacePath, cookie, nextCard } = this;
    const lists = { cards: [...this.cards], withheld: [...this.withheld] };
    const trace: TraceContent = { namespacePath, cookie, nextCard, ...lists };
    await replaceFile(join(this.directory, traceFile), `${JSON.stringify(trace)}\n`);
  }
}

/**
 * Reads a trace; `undefined` for what cannot be understood: that is none of ours.
 * @param text content of the file
 * @param directory run directory of the sandbox
 */
export function parseTrace(text: string, directory: string): NetworkTrace | undefined {
  const content = traceSchema.safeParse(parseJson(text)).data;
  return content && new NetworkTrace(directory, content);
}

/**
 * Takes back what a dead owner left, the last change first. Errors: those of the tools. What cannot be understood is no trace
 * of ours.
 * @param text content of the trace
 * @param directory run directory of the sandbox
 * @param enter opens a way into a namespace
 */
export async function followTrace(
  text: string,
  directory: string,
  enter: (path: string) => RunInNamespace,
): Promise<void> {
  const trace = parseTrace(text, directory);
  if (trace === undefined) return;
  const { namespacePath, cookie, cards } = trace;
  const run = (await isGone(namespacePath)) ? undefined : enter(namespacePath);
  const changes = cards.flatMap((card) => card.changes);
  for (const change of changes.toReversed()) await undoChange(change, { run, directory, cookie });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
