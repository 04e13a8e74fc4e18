// SPDX-License-Identifier: Apache-2.0

/** Bytes of one output that are granted to the agent, and so may wait here for their reader. */
export const outputWindowBytes = 256 * 1024;

/** Credit is given back in portions, so that not every piece makes a message. */
const portionBytes = outputWindowBytes / 4;

const nothing = new Uint8Array(0);

/** Output of one process that waits for its reader, bounded by the credit the agent was given. */
export class OutputQueue {
  readonly #grant: (bytes: number) => void;
  readonly #pieces: Uint8Array[] = [];
  #ungranted = 0;
  #wake = Promise.withResolvers<undefined>();
  #end: { readonly error?: unknown } | undefined;
  #isDiscarded = false;

  /** @param grant - gives the agent credit */
  constructor(grant: (bytes: number) => void) {
    this.#grant = grant;
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
    if (this.#ungranted < portionBytes || this.#end !== undefined) return;
    this.#grant(this.#ungranted);
    this.#ungranted = 0;
  }
}
