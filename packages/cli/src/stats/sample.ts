// SPDX-License-Identifier: Apache-2.0
import { isRunning, listSandboxes, type AttachedSandbox, type ContainerStats } from '@hako/sandbox';

import { attachTo } from '../attach.ts';
import type { CliComponents } from '../cli-components.ts';
import { nameOf, parseTarget } from '../container-name.ts';

/** What one container used at one moment. */
export interface Sample {
  /** `SANDBOX` for its first container, `SANDBOX/CONTAINER` for others. */
  readonly name: string;
  /** Milliseconds of `performance.now()`. */
  readonly takenAtMs: number;
  readonly stats: ContainerStats;
}

interface Watched {
  readonly sandbox: AttachedSandbox;
  /** Absent: all of them. */
  readonly container?: string;
}

/** Takes samples of containers and stays attached to their sandboxes in between. */
export class Sampler implements AsyncDisposable {
  readonly #components: CliComponents;
  readonly #words: readonly string[];
  /** By what was asked for: a sandbox, or one container of it. */
  readonly #watched = new Map<string, Watched>();
  #isFirst = true;

  /**
   * @param words `SANDBOX` or `SANDBOX/CONTAINER` each; none means all that run
   * @param components the program's world
   */
  constructor(words: readonly string[], components: CliComponents) {
    this.#words = words;
    this.#components = components;
  }

  /**
   * Takes one sample of each. A sandbox that was asked for must be there at first, later on those that have ended are left
   * out. Errors: those of `attachSandbox`.
   * @param signal ends the attempt
   */
  async take(signal: AbortSignal): Promise<readonly Sample[]> {
    await this.#attach(signal);
    const samples = await Promise.all(
      [...this.#watched].map(([word, watched]) => this.#sample(word, watched, signal)),
    );
    this.#isFirst = false;
    return samples.flat();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { sandbox } of this.#watched.values()) await sandbox[Symbol.asyncDispose]();
  }

  async #attach(signal: AbortSignal): Promise<void> {
    const isNamed = this.#words.length > 0;
    if (isNamed && !this.#isFirst) return;
    const wanted = isNamed ? this.#words : await runningSandboxes();
    for (const word of wanted) {
      if (this.#watched.has(word)) continue;
      try {
        const { sandbox: id, container } = parseTarget(word);
        const sandbox = await attachTo(id, this.#components, signal);
        const key = container === undefined ? sandbox.record.id : `${sandbox.record.id}/${container}`;
        const other = this.#watched.get(key);
        this.#watched.set(key, { sandbox, ...(container === undefined ? {} : { container }) });
        await other?.sandbox[Symbol.asyncDispose]();
      } catch (error) {
        // It may have ended since it was listed.
        if (signal.aborted || this.#mustSucceed) throw error;
      }
    }
  }

  /** One sample per container. A container that has ended is left out; when all have, the sandbox is let go of. */
  async #sample(
    word: string,
    { sandbox, container }: Watched,
    signal: AbortSignal,
  ): Promise<readonly Sample[]> {
    const wanted =
      container === undefined
        ? (await sandbox.containers()).filter(({ exitCode }) => exitCode === undefined)
        : [container];
    const results = await Promise.allSettled(
      wanted.map(async (one) => {
        const found = await sandbox.container(one);
        const stats = await found.stats({ signal });
        return { name: nameOf(sandbox, found.id), takenAtMs: performance.now(), stats };
      }),
    );
    const samples = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
    if (samples.length > 0) return samples;
    const failed = results.find((result) => result.status === 'rejected');
    if (failed !== undefined && (signal.aborted || this.#mustSucceed)) throw failed.reason;
    this.#watched.delete(word);
    await sandbox[Symbol.asyncDispose]();
    return [];
  }

  /** Those that were asked for must be there at first; all others may be ending. */
  get #mustSucceed(): boolean {
    return this.#isFirst && this.#words.length > 0;
  }
}

async function runningSandboxes(): Promise<readonly string[]> {
  const all = await listSandboxes();
  return all.filter((listing) => isRunning(listing) && listing.containerId !== undefined).map(({ id }) => id);
}
