// SPDX-License-Identifier: Apache-2.0
import { QmpError } from './qmp-error.ts';

const newline = 0x0a;

/** Cuts a byte stream into lines of bounded length. Pure: bytes in, lines out. */
export class LineSplitter {
  readonly #maximumBytes: number;
  #parts: Uint8Array[] = [];
  #length = 0;

  constructor(maximumBytes: number) {
    this.#maximumBytes = maximumBytes;
  }

  /**
   * The lines that `chunk` completes, without their newline or carriage return; empty lines are left out.
   *
   * @throws QmpError `protocol_violation` once an unfinished line is longer than the limit
   */
  push(chunk: Uint8Array): string[] {
    const lines: string[] = [];
    let start = 0;
    for (let end = chunk.indexOf(newline); end !== -1; end = chunk.indexOf(newline, start)) {
      this.#add(chunk.subarray(start, end));
      const line = this.#take();
      if (line !== '') lines.push(line);
      start = end + 1;
    }
    this.#add(chunk.subarray(start));
    return lines;
  }

  #add(part: Uint8Array): void {
    if (part.length === 0) return;
    this.#length += part.length;
    if (this.#length > this.#maximumBytes) {
      throw new QmpError('protocol_violation', `monitor line is longer than ${this.#maximumBytes} bytes`);
    }
    this.#parts.push(part);
  }

  #take(): string {
    const line = Buffer.concat(this.#parts).toString('utf8');
    this.#parts = [];
    this.#length = 0;
    return line.endsWith('\r') ? line.slice(0, -1) : line;
  }
}
