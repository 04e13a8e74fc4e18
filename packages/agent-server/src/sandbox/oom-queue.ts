// SPDX-License-Identifier: Apache-2.0
import { AgentError } from '../errors/agent-error.ts';

/** Events kept while nobody asks; further ones are dropped. */
export const maxOomEvents = 100;

/** Ids of containers that have run out of memory, for hosts that ask one by one. */
export interface OomQueue {
  /** @returns false when it was dropped, because the queue is full or closed */
  put(containerId: string): boolean;
  /** Gives an event back that could not be delivered; it is the next one then. */
  putBack(containerId: string): void;
  /**
   * Waits for an event and takes it. Those who wait are served in order, each event goes to one of them.
   *
   * @throws AgentError `shutting_down` once it is closed; the signal's reason when it is aborted first
   */
  take(signal: AbortSignal): Promise<string>;
  /** Ends those who wait. */
  close(): void;
}

interface Waiter {
  resolve(containerId: string): void;
  reject(reason: unknown): void;
}

/** An empty {@link OomQueue}. */
export function createOomQueue(): OomQueue {
  const events: string[] = [];
  const waiters = new Set<Waiter>();
  let isClosed = false;
  const ending = () => new AgentError('shutting_down', 'the sandbox is being destroyed');

  function serve(): void {
    for (const waiter of waiters) {
      const event = events.shift();
      if (event === undefined) return;
      waiters.delete(waiter);
      waiter.resolve(event);
    }
  }

  return {
    put(containerId) {
      if (isClosed || events.length >= maxOomEvents) return false;
      events.push(containerId);
      serve();
      return true;
    },
    putBack(containerId) {
      events.unshift(containerId);
      serve();
    },
    async take(signal) {
      signal.throwIfAborted();
      if (isClosed) throw ending();
      const { promise, resolve, reject } = Promise.withResolvers<string>();
      const waiter: Waiter = { resolve, reject };
      const onAbort = () => {
        waiters.delete(waiter);
        reject(signal.reason);
      };
      signal.addEventListener('abort', onAbort, { once: true });
      waiters.add(waiter);
      serve();
      try {
        return await promise;
      } finally {
        signal.removeEventListener('abort', onAbort);
      }
    },
    close() {
      isClosed = true;
      for (const waiter of waiters) waiter.reject(ending());
      waiters.clear();
    },
  };
}
