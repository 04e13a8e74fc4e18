// SPDX-License-Identifier: Apache-2.0
import { setTimeout as delay } from 'node:timers/promises';

import { agentFailure, isConnectionLoss } from '../agent-failure.ts';
import type { WaitOptions } from '../deadline.ts';
import type { Logger } from '../logger.ts';
import type { GuestAgent } from '../process/guest-agent.ts';

/** One question to the agent; both ends give it up then, and it is asked anew. */
const questionTimeoutMs = 300_000;

/** After an answer that is none, and twice as long each further time in a row. */
const firstPauseMs = 1_000;
const longestPauseMs = 30_000;

/** Containers remembered; what a guest says beyond is dropped. */
const maxRemembered = 256;

/** How long the word of a guest may be behind the end of the process it is about. */
const defaultWordMs = 1_000;

/** gRPC status of an agent that does not know the call. */
const unimplemented = 12;

/** The rule for container ids; what a guest says else is not believed. */
const idPattern = /^[a-zA-Z0-9][a-zA-Z0-9_.-]{1,127}$/;

/** A container of which the guest's kernel killed a process for lack of memory. */
export interface OomEvent {
  readonly containerId: string;
}

/** What an {@link OomWatch} works with. */
export interface OomWatchParts {
  readonly agent: Pick<GuestAgent, 'getOOMEvent'>;
  readonly logger: Logger;
}

/**
 * Asks the agent, one question at a time, which container ran out of memory. Each container is told of once. Ends with the
 * connection, with an agent that does not know the call, and when it is disposed of.
 */
export class OomWatch implements Disposable {
  readonly #killed = new Set<string>();
  readonly #listeners = new Set<(event: OomEvent) => void>();
  readonly #end = new AbortController();

  /** Begins to ask; to be called once. */
  start(parts: OomWatchParts): void {
    void this.#run(parts);
  }

  /** The containers told of so far, in order; at most 256. */
  get containerIds(): readonly string[] {
    return [...this.#killed];
  }

  /**
   * Calls back for each container that runs out of memory from now on.
   * @param listener must not throw
   */
  onOom(listener: (event: OomEvent) => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => this.#listeners.delete(listener) };
  }

  /**
   * Tells whether a container ran out of memory. Waits for the guest's word, which may come after the container's end.
   * Abort ends the wait with what is known.
   * @param containerId the container
   * @param options limit of the wait; default 1 s
   */
  async has(containerId: string, options: WaitOptions = {}): Promise<boolean> {
    const { timeoutMs = defaultWordMs, signal } = options;
    if (this.#killed.has(containerId)) return true;
    const end = new AbortController();
    const signals = [end.signal, this.#end.signal, ...(signal === undefined ? [] : [signal])];
    using _listening = this.onOom((event) => {
      if (event.containerId === containerId) end.abort();
    });
    await delay(timeoutMs, undefined, { signal: AbortSignal.any(signals) }).catch(() => undefined);
    return this.#killed.has(containerId);
  }

  [Symbol.dispose](): void {
    this.#end.abort();
    this.#listeners.clear();
  }

  async #run({ agent, logger }: OomWatchParts): Promise<void> {
    const { signal } = this.#end;
    let pauseMs = firstPauseMs;
    const hasEnded = (): boolean => signal.aborted;
    while (!hasEnded()) {
      try {
        const { containerId } = await agent.getOOMEvent({ signal, timeoutMs: questionTimeoutMs });
        if (this.#tell(containerId)) {
          pauseMs = firstPauseMs;
          continue;
        }
        logger.warn({ containerId }, 'the guest tells of a lack of memory that is no news');
      } catch (error) {
        if (hasEnded() || isConnectionLoss(error)) return;
        const failure = agentFailure(error);
        if (failure?.code === 'timed_out') continue;
        if (failure?.status === unimplemented) return;
        logger.debug({ error }, 'the guest cannot tell of a lack of memory');
      }
      await delay(pauseMs, undefined, { signal, ref: false }).catch(() => undefined);
      pauseMs = Math.min(pauseMs * 2, longestPauseMs);
    }
  }

  #tell(containerId: string): boolean {
    const isNews = idPattern.test(containerId) && !this.#killed.has(containerId);
    if (!isNews || this.#killed.size === maxRemembered) return false;
    this.#killed.add(containerId);
    for (const listener of this.#listeners) listener({ containerId });
    return true;
  }
}
