// SPDX-License-Identifier: Apache-2.0
import { viewOf } from '../envelope/wire-reader.ts';

/** What each queued message counts beyond its bytes, so that empty messages are bounded too. */
const messageOverheadBytes = 64;
/** Shorter messages are copied when they have to wait, so that they do not hold the chunk they arrived in. */
const copyBytes = 16 * 1024;

interface Waiter {
  resolve(result: IteratorResult<Uint8Array, undefined>): void;
  reject(error: unknown): void;
}

/** How a {@link MessageQueue} tells its stream what happens at its ends. */
export interface MessageQueueEvents {
  /** The bound was passed (`true`), or the queue is half empty again (`false`). */
  onPressure?(full: boolean): void;
  /** The reader stopped reading before the end. */
  onAbandoned?(): void;
}

/** The received messages of one stream that wait for their reader: bounded in bytes, read as an async iterator. */
export class MessageQueue implements AsyncIterableIterator<Uint8Array, undefined> {
  readonly #maxBytes: number;
  readonly #events: MessageQueueEvents;
  readonly #messages: Uint8Array[] = [];
  readonly #waiters: Waiter[] = [];
  #first = 0;
  #bytes = 0;
  #full = false;
  #end: { readonly error?: unknown } | undefined;

  constructor(maxBytes: number, events: MessageQueueEvents = {}) {
    this.#maxBytes = maxBytes;
    this.#events = events;
  }

  /** Whether no message can be added any more. */
  get ended(): boolean {
    return this.#end !== undefined;
  }

  /**
   * Adds the message in `source` from `start` to `end`.
   * @returns `false` when the queue holds more than its bound now; what follows is the caller's decision.
   */
  push(source: Uint8Array, start: number, end: number): boolean {
    if (this.#end !== undefined) return true;
    const message = viewOf(source, start, end);
    const waiter = this.#waiters.shift();
    if (waiter !== undefined) {
      waiter.resolve({ done: false, value: message });
      return true;
    }
    this.#messages.push(message.length < copyBytes ? message.slice() : message);
    this.#bytes += message.length + messageOverheadBytes;
    if (this.#bytes <= this.#maxBytes) return true;
    if (!this.#full) {
      this.#full = true;
      this.#events.onPressure?.(true);
    }
    return false;
  }

  /** No more messages; those queued are still delivered, then `error` if one is given. */
  finish(error?: unknown): void {
    if (this.#end !== undefined) return;
    this.#end = error === undefined ? {} : { error };
    for (const waiter of this.#waiters.splice(0)) {
      if (error === undefined) waiter.resolve({ done: true, value: undefined });
      else waiter.reject(error);
    }
    // Nothing is added any more, so there is nothing left to hold back.
    this.#relieve(true);
  }

  /** Drops what is queued; the reader gets `error` at once. */
  fail(error: unknown): void {
    this.#clear();
    if (this.#end !== undefined) this.#end = { error };
    else this.finish(error);
  }

  next(): Promise<IteratorResult<Uint8Array, undefined>> {
    const message = this.#messages[this.#first];
    if (message !== undefined) {
      this.#take(message);
      return Promise.resolve({ done: false, value: message });
    }
    const end = this.#end;
    if (end === undefined) {
      return new Promise((resolve, reject) => {
        this.#waiters.push({ resolve, reject });
      });
    }
    if (!('error' in end)) return Promise.resolve({ done: true, value: undefined });
    // An iterator reports its error once and is done afterwards.
    this.#end = {};
    return Promise.reject(asError(end.error));
  }

  return(): Promise<IteratorResult<Uint8Array, undefined>> {
    const open = this.#end === undefined;
    this.#clear();
    this.#end ??= {};
    for (const waiter of this.#waiters.splice(0)) waiter.resolve({ done: true, value: undefined });
    if (open) this.#events.onAbandoned?.();
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #take(message: Uint8Array): void {
    this.#first++;
    this.#bytes -= message.length + messageOverheadBytes;
    if (this.#first === this.#messages.length || this.#first >= 1024) {
      this.#messages.splice(0, this.#first);
      this.#first = 0;
    }
    this.#relieve();
  }

  #clear(): void {
    this.#messages.length = 0;
    this.#first = 0;
    this.#bytes = 0;
    this.#relieve();
  }

  #relieve(ended = false): void {
    if (!this.#full || (!ended && this.#bytes > this.#maxBytes / 2)) return;
    this.#full = false;
    this.#events.onPressure?.(false);
  }
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
