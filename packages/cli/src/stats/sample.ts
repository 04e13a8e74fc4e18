// SPDX-License-Identifier: Apache-2.0
import { listSandboxes, type AttachedSandbox, type ContainerStats } from '@hako/sandbox';

import { attachTo } from '../attach.ts';
import type { CliComponents } from '../cli-components.ts';

/** What one sandbox's workload used at one moment. */
export interface Sample {
  readonly name: string;
  /** Milliseconds of `performance.now()`. */
  readonly takenAtMs: number;
  readonly stats: ContainerStats;
}

/** Takes samples of sandboxes and stays attached to them in between. */
export class Sampler implements AsyncDisposable {
  readonly #components: CliComponents;
  readonly #ids: readonly string[];
  readonly #attached = new Map<string, AttachedSandbox>();
  #isFirst = true;

  /**
   * @param ids the sandboxes; none means all that run
   * @param components the program's world
   */
  constructor(ids: readonly string[], components: CliComponents) {
    this.#ids = ids;
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
      [...this.#attached].map(([name, sandbox]) => this.#sample(name, sandbox, signal)),
    );
    this.#isFirst = false;
    return samples.filter((sample) => sample !== undefined);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const sandbox of this.#attached.values()) await sandbox[Symbol.asyncDispose]();
  }

  async #attach(signal: AbortSignal): Promise<void> {
    const isNamed = this.#ids.length > 0;
    if (isNamed && !this.#isFirst) return;
    const wanted = isNamed ? this.#ids : await runningSandboxes();
    for (const id of wanted) {
      if (this.#attached.has(id)) continue;
      try {
        const sandbox = await attachTo(id, this.#components, signal);
        const other = this.#attached.get(sandbox.record.id);
        this.#attached.set(sandbox.record.id, sandbox);
        await other?.[Symbol.asyncDispose]();
      } catch (error) {
        // It may have ended since it was listed.
        if (signal.aborted || this.#mustSucceed) throw error;
      }
    }
  }

  async #sample(name: string, sandbox: AttachedSandbox, signal: AbortSignal): Promise<Sample | undefined> {
    try {
      const stats = await sandbox.stats({ signal });
      return { name, takenAtMs: performance.now(), stats };
    } catch (error) {
      if (signal.aborted || this.#mustSucceed) throw error;
      this.#attached.delete(name);
      await sandbox[Symbol.asyncDispose]();
      return undefined;
    }
  }

  /** Those that were asked for must be there at first; all others may be ending. */
  get #mustSucceed(): boolean {
    return this.#isFirst && this.#ids.length > 0;
  }
}

async function runningSandboxes(): Promise<readonly string[]> {
  const all = await listSandboxes();
  return all
    .filter(({ status, containerId }) => status === 'running' && containerId !== undefined)
    .map(({ id }) => id);
}
