// SPDX-License-Identifier: Apache-2.0
import type { Readable } from 'node:stream';

/** The end of what a program prints: however much comes, no more is kept. */
export class OutputTail {
  #text = '';

  /**
   * Begins to read.
   * @param stream the program's output; absent from a program that was not started
   * @param maxLength longest stretch that is kept, in characters; what comes before is dropped
   */
  constructor(stream: Readable | null | undefined, maxLength: number) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      this.#text = (this.#text + text).slice(-maxLength);
    });
  }

  /** What has come so far, or its end. */
  get text(): string {
    return this.#text;
  }

  /** Its last line that is not empty; empty for a program that said nothing. */
  get lastLine(): string {
    return this.#text.trim().split('\n').at(-1) ?? '';
  }
}
