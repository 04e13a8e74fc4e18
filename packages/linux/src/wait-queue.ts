// SPDX-License-Identifier: Apache-2.0
import { LinuxError } from './linux-error.ts';
import { throwIfAborted, type WaitOptions, type WaitSubject, watchEnd } from './wait-options.ts';

/** One call that waits for its turn on a descriptor. */
export interface WaitEntry<Request, Result> {
  readonly request: Request;
  /** Both take the entry out of the queue and end its promise. */
  resolve(result: Result): void;
  reject(error: unknown): void;
}

/** What {@link WaitQueue} needs of its owner. */
export interface WaitQueueOptions<Request> {
  readonly subject: WaitSubject;
  /** More calls than this at a time are refused with `queue_overflow`. */
  readonly maxWaiting: number;
  /** Called when the first call has arrived in an empty queue. */
  readonly onWaiting: () => void;
  /** Called when the last call has gone without an answer from the descriptor. */
  readonly onIdle: () => void;
  /** Gives the error of an aborted or timed-out call what the owner knows about it. */
  readonly describe?: (error: LinuxError, request: Request) => LinuxError;
}

/** Calls served strictly in order, each of which may leave by its signal or time limit. */
export class WaitQueue<Request, Result> {
  readonly #options: WaitQueueOptions<Request>;
  readonly #entries = new Set<WaitEntry<Request, Result>>();
  #closed = false;

  constructor(options: WaitQueueOptions<Request>) {
    this.#options = options;
  }

  /** The call whose turn it is. */
  get head(): WaitEntry<Request, Result> | undefined {
    return this.#entries.values().next().value;
  }

  /** @throws LinuxError `closed`, `aborted` or `queue_overflow`, as a rejection. */
  async enqueue(request: Request, wait: WaitOptions): Promise<Result> {
    const { subject, maxWaiting, describe } = this.#options;
    if (this.#closed) throw new LinuxError({ code: 'closed', ...subject });
    throwIfAborted(wait, subject);
    if (this.#entries.size >= maxWaiting) {
      throw new LinuxError({
        code: 'queue_overflow',
        ...subject,
        detail: `${maxWaiting} calls wait already`,
      });
    }
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        stopWatching();
        this.#entries.delete(entry);
      };
      const entry: WaitEntry<Request, Result> = {
        request,
        resolve(result) {
          leave();
          resolve(result);
        },
        reject(error) {
          leave();
          reject(error instanceof Error ? error : new Error(String(error)));
        },
      };
      const stopWatching = watchEnd(wait, subject, (error) => {
        entry.reject(describe === undefined ? error : describe(error, request));
        if (this.#entries.size === 0) this.#options.onIdle();
      });
      this.#entries.add(entry);
      if (this.#entries.size === 1) this.#options.onWaiting();
    });
  }

  /** Refuses all later calls and rejects those that wait. */
  close(errorFor: (request: Request) => LinuxError): void {
    this.#closed = true;
    for (const entry of this.#entries) entry.reject(errorFor(entry.request));
  }
}
