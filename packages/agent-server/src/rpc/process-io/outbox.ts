// SPDX-License-Identifier: Apache-2.0
import { rejectOnAbort } from '../../concurrency/mutex.ts';

interface Waiting<Message> {
  readonly message: Message;
  taken(): void;
}

/**
 * Joins the messages of several senders into one stream. Each sender waits until its message is taken, so that there are
 * never more messages here than there are senders.
 */
export class Outbox<Message> {
  readonly #signal: AbortSignal;
  readonly #waiting: Waiting<Message>[] = [];
  #wake = Promise.withResolvers<undefined>();
  #isClosed = false;

  /** @param signal - ends the stream and all who wait, with its reason */
  constructor(signal: AbortSignal) {
    this.#signal = signal;
  }

  /**
   * Waits until the message is taken.
   *
   * @throws the signal's reason when it is aborted first
   */
  async send(message: Message): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<undefined>();
    this.#waiting.push({ message, taken: () => resolve(undefined) });
    this.#wake.resolve(undefined);
    await rejectOnAbort(promise, this.#signal);
  }

  /** No more messages will come; the stream ends behind those that wait. */
  close(): void {
    this.#isClosed = true;
    this.#wake.resolve(undefined);
  }

  /** The stream; to be read once. */
  async *messages(): AsyncGenerator<Message, void, undefined> {
    for (;;) {
      for (const waiting of this.#waiting.splice(0)) {
        waiting.taken();
        yield waiting.message;
      }
      if (this.#waiting.length > 0) continue;
      if (this.#isClosed) return;
      this.#wake = Promise.withResolvers<undefined>();
      await rejectOnAbort(this.#wake.promise, this.#signal);
    }
  }
}
