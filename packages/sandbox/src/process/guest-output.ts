// SPDX-License-Identifier: Apache-2.0
import { Readable } from 'node:stream';

/** Reads the next piece of output; empty data is the end. */
export type ReadOutput = (signal: AbortSignal) => Promise<Uint8Array>;

/** Bytes buffered on this side before reading from the guest pauses; from there on the guest's own pipe fills up. */
const bufferedBytes = 256 * 1024;

/** One output stream of a guest process as a Node stream, with the moment it ended. */
export class GuestOutput extends Readable {
  /** Settles when no more output will be read: at its end, or because the consumer destroyed the stream. */
  readonly ended: Promise<undefined>;
  readonly #read: ReadOutput;
  readonly #onFirstByte: () => void;
  readonly #abort = new AbortController();
  readonly #end = Promise.withResolvers<undefined>();

  /**
   * @param read reads the next piece; called again only when the one before has been answered and there is room
   * @param onFirstByte called once, when output arrives for the first time
   */
  constructor(read: ReadOutput, onFirstByte: () => void = () => undefined) {
    super({ highWaterMark: bufferedBytes });
    this.#read = read;
    this.#onFirstByte = onFirstByte;
    this.ended = this.#end.promise;
  }

  override _read(): void {
    this.#read(this.#abort.signal).then(
      (data) => {
        if (data.length === 0) {
          this.#end.resolve(undefined);
          this.push(null);
          return;
        }
        this.#onFirstByte();
        this.push(data);
      },
      (error: unknown) => {
        this.destroy(error instanceof Error ? error : new Error(String(error)));
      },
    );
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.#end.resolve(undefined);
    this.#abort.abort(error ?? undefined);
    callback(error);
  }
}
