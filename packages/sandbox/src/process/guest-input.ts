// SPDX-License-Identifier: Apache-2.0
import { Writable } from 'node:stream';

/** The two things one can do with the input of a guest process. */
export interface InputCalls {
  write(data: Uint8Array, signal: AbortSignal): Promise<void>;
  close(signal: AbortSignal): Promise<void>;
}

/** Bytes sent in one call; more than a pipe holds would only wait in the guest. */
const sliceBytes = 64 * 1024;

/**
 * The input of a guest process as a Node stream. A write is done when the guest's pipe has taken it, so a program that
 * does not read holds its writer up. An error (the program closed its input or ended) reaches the callback of the write
 * and never crashes a program that does not listen for it.
 */
export class GuestInput extends Writable {
  readonly #calls: InputCalls;
  readonly #abort = new AbortController();

  /** @param calls how to reach the process */
  constructor(calls: InputCalls) {
    super({ highWaterMark: sliceBytes, decodeStrings: true });
    this.#calls = calls;
    this.on('error', () => undefined);
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: (error?: Error | null) => void): void {
    this.#writeSlices(chunk).then(() => callback(), toCallback(callback));
  }

  override _final(callback: (error?: Error | null) => void): void {
    this.#calls.close(this.#abort.signal).then(() => callback(), toCallback(callback));
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.#abort.abort(error ?? undefined);
    callback(error);
  }

  async #writeSlices(chunk: Buffer): Promise<void> {
    for (let offset = 0; offset < chunk.length; offset += sliceBytes) {
      await this.#calls.write(chunk.subarray(offset, offset + sliceBytes), this.#abort.signal);
    }
  }
}

function toCallback(callback: (error: Error) => void): (error: unknown) => void {
  return (error) => callback(error instanceof Error ? error : new Error(String(error)));
}
