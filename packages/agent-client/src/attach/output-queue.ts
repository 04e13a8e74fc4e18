// SPDX-License-Identifier: Apache-2.0
import { AgentClientError } from '../agent-client-error.ts';

/** Bytes of one output that are granted to the agent at first, and so may wait here for their reader. */
export const outputWindowBytes = 256 * 1024;

/** Credit is given back in portions of the window, so that not every piece makes a message. */
const portionsPerWindow = 2;

const nothing = new Uint8Array(0);

/** Output of one process that waits for its reader, bounded by the credit the agent was given. */
export class OutputQueue {
  readonly #grant: (bytes: number) => void;
  readonly #pieces: Uint8Array[] = [];
  #windowBytes = outputWindowBytes;
  /** What the agent may still send. */
  #credit = outputWindowBytes;
  #ungranted = 0;
  #wake = Promise.withResolvers<undefined>();
  #end: { readonly error?: unknown } | undefined;
  #isDiscarded = false;

  /** @param grant - gives the agent credit; called for the first at once */
  constructor(grant: (bytes: number) => void) {
    this.#grant = grant;
    grant(outputWindowBytes);
  }

  /** Lets more bytes be on their way. */
  widen(windowBytes: number): void {
    const moreBytes = windowBytes - this.#windowBytes;
    this.#windowBytes = windowBytes;
    this.#credit += moreBytes;
    this.#grant(moreBytes);
  }

  /**
   * Notes that bytes have come, which is to be followed by {@link OutputQueue.push}.
   *
   * @throws AgentClientError `protocol_violation` for bytes beyond the credit: they would pile up here
   */
  spend(bytes: number): void {
    if (bytes > this.#credit)
      throw new AgentClientError('protocol_violation', 'agent has sent more output than it was granted');
    this.#credit -= bytes;
  }

  /** Takes a piece from the agent. */
  push(piece: Uint8Array): void {
    if (this.#isDiscarded) this.#giveBack(piece.length);
    else this.#pieces.push(piece);
    this.#wake.resolve(undefined);
  }

  /** No more comes: the reader gets what is left, then the end or the error. */
  finish(end: { readonly error?: unknown } = {}): void {
    this.#end ??= end;
    this.#wake.resolve(undefined);
  }

  /** Throws away what is here and what will come. */
  discard(): void {
    this.#isDiscarded = true;
    for (const piece of this.#pieces.splice(0)) this.#giveBack(piece.length);
  }

  /** Whether there is something to take: a piece, or the end. */
  get ready(): boolean {
    return this.#pieces.length > 0 || this.#end !== undefined;
  }

  /** Settles when something may have become ready. */
  async change(): Promise<void> {
    if (this.ready) return;
    this.#wake = Promise.withResolvers<undefined>();
    await this.#wake.promise;
  }

  /** Takes the next piece, empty at the end; to be called when it is ready. Throws the error it was finished with. */
  take(): Uint8Array {
    const piece = this.#pieces.shift();
    if (piece === undefined) {
      if (this.#end !== undefined && 'error' in this.#end) throw this.#end.error;
      return nothing;
    }
    this.#giveBack(piece.length);
    return piece;
  }

  #giveBack(bytes: number): void {
    this.#ungranted += bytes;
    if (this.#ungranted < this.#windowBytes / portionsPerWindow || this.#end !== undefined) return;
    const value = this.#ungranted;
    this.#ungranted = 0;
    this.#credit += value;
    this.#grant(value);
  }
}
