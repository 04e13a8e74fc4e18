// SPDX-License-Identifier: Apache-2.0
import { QmpError } from './qmp-error.ts';

/**
 * Events on their way to one listener. Putting an event in never waits; a listener that falls behind by more than
 * `capacity` events loses its subscription with `event_overflow`, and nobody else notices.
 */
export class EventQueue<T> implements AsyncIterableIterator<T, undefined>, Disposable {
  readonly #capacity: number;
  readonly #onClose: () => void;
  readonly #queued: T[] = [];
  #waiting: PromiseWithResolvers<IteratorResult<T, undefined>> | undefined;
  #end: { readonly error?: Error } | undefined;

  constructor(capacity: number, onClose: () => void) {
    this.#capacity = capacity;
    this.#onClose = onClose;
  }

  push(event: T): void {
    if (this.#end !== undefined) return;
    if (this.#waiting !== undefined) {
      this.#waiting.resolve({ value: event, done: false });
      this.#waiting = undefined;
    } else if (this.#queued.length === this.#capacity) {
      this.close(new QmpError('event_overflow', `listener is more than ${this.#capacity} events behind`));
    } else {
      this.#queued.push(event);
    }
  }

  /** Ends the iteration after what is queued; with an error, the iteration rejects with it. */
  close(error?: Error): void {
    if (this.#end !== undefined) return;
    this.#end = error === undefined ? {} : { error };
    if (this.#waiting !== undefined) {
      this.#settle(this.#waiting, this.#end);
      this.#waiting = undefined;
    }
    this.#onClose();
  }

  next(): Promise<IteratorResult<T, undefined>> {
    const event = this.#queued.shift();
    if (event !== undefined) return Promise.resolve({ value: event, done: false });
    const outcome = Promise.withResolvers<IteratorResult<T, undefined>>();
    if (this.#end === undefined) this.#waiting = outcome;
    else this.#settle(outcome, this.#end);
    return outcome.promise;
  }

  return(): Promise<IteratorResult<T, undefined>> {
    this.#queued.length = 0;
    this.close();
    return Promise.resolve({ value: undefined, done: true });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #settle(
    outcome: PromiseWithResolvers<IteratorResult<T, undefined>>,
    end: { readonly error?: Error },
  ): void {
    if (end.error === undefined) outcome.resolve({ value: undefined, done: true });
    else outcome.reject(end.error);
  }
}
