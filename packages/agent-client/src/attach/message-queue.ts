// SPDX-License-Identifier: Apache-2.0

/**
 * Messages on their way to a stream that takes one after the other. Its senders bound it: what they put in is limited by
 * credit, or as rare as a person resizes a window.
 */
export class MessageQueue<Message> implements AsyncIterable<Message> {
  readonly #messages: Message[] = [];
  #wake = Promise.withResolvers<undefined>();
  #isClosed = false;

  /** Adds a message; does nothing after {@link MessageQueue.close}. */
  push(message: Message): void {
    if (this.#isClosed) return;
    this.#messages.push(message);
    this.#wake.resolve(undefined);
  }

  /** Ends the stream behind what is there. */
  close(): void {
    this.#isClosed = true;
    this.#wake.resolve(undefined);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Message, void, undefined> {
    for (;;) {
      for (const message of this.#messages.splice(0)) yield message;
      if (this.#messages.length > 0) continue;
      if (this.#isClosed) return;
      this.#wake = Promise.withResolvers<undefined>();
      await this.#wake.promise;
    }
  }
}
