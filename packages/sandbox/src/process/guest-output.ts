// SPDX-License-Identifier: Apache-2.0
import { Readable } from 'node:stream';

/** Where a process's output comes from. */
export interface OutputSource {
  /** Reads the next piece; empty data is the end. */
  read(signal: AbortSignal): Promise<Uint8Array>;
  /** Nobody will read any more. */
  discard(): void;
}

/** Bytes buffered here before reading pauses; from there on the output waits on its way, and then in the guest's own pipe. */
const bufferedBytes = 64 * 1024;

/** One output stream of a guest process as a Node stream, with the moment it ended. */
export class GuestOutput extends Readable {
  /** Settles when no more output will be read: at its end, or because the consumer destroyed the stream. */
  readonly ended: Promise<undefined>;
  readonly #source: OutputSource;
  readonly #onFirstByte: () => void;
  readonly #abort = new AbortController();
  readonly #end = Promise.withResolvers<undefined>();

  /**
   * @param source read again only when the read before has been answered and there is room
   * @param onFirstByte called once, when output arrives for the first time
   */
  constructor(source: OutputSource, onFirstByte: () => void = () => undefined) {
    super({ highWaterMark: bufferedBytes });
    this.#source = source;
    this.#onFirstByte = onFirstByte;
    this.ended = this.#end.promise;
  }

  override _read(): void {
    this.#source.read(this.#abort.signal).then(
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
    this.#source.discard();
    this.#end.resolve(undefined);
    this.#abort.abort(error ?? undefined);
    callback(error);
  }
}
