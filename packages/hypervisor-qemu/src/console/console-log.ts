// SPDX-License-Identifier: Apache-2.0
import { closeSync, fstatSync, openSync, renameSync, writeSync } from 'node:fs';
import { BoundedTail } from '../process/bounded-tail.ts';
import { PanicScanner } from './panic-scanner.ts';

/** Size at which the log file is set aside as `<path>.1` and begun anew; together at most twice this. */
const maximumFileBytes = 4 * 1024 * 1024;
const tailBytes = 64 * 1024;
/** The panic text goes on behind the words that announce it; this long is waited for the rest of it. */
const panicSettleMs = 50;

/** How a {@link ConsoleLog} is kept. */
export interface ConsoleLogOptions {
  readonly maximumFileBytes?: number;
  /** Goes on behind what is in the file. Default: begins anew. */
  readonly append?: boolean;
}

/**
 * Keeps what the guest writes to its console: all of it in a file of bounded size, the last part in memory. A guest
 * that writes without end neither fills the disk nor the memory.
 */
export class ConsoleLog implements Disposable {
  readonly path: string;
  readonly #tail = new BoundedTail(tailBytes);
  readonly #scanner = new PanicScanner();
  readonly #panic = Promise.withResolvers<string>();
  readonly #maximumFileBytes: number;
  #fd: number | undefined;
  #fileBytes = 0;
  #panicked = false;
  #settle: NodeJS.Timeout | undefined;

  constructor(path: string, options: ConsoleLogOptions = {}) {
    this.path = path;
    this.#maximumFileBytes = options.maximumFileBytes ?? maximumFileBytes;
    this.#fd = openSync(path, options.append === true ? 'a' : 'w', 0o600);
    this.#fileBytes = fstatSync(this.#fd).size;
  }

  /** Fulfils with the console tail after a kernel panic; stays pending without one. */
  get panicked(): Promise<string> {
    return this.#panic.promise;
  }

  get hasPanicked(): boolean {
    return this.#panicked;
  }

  /** Takes output. Written at once and in order: the last words before a crash are the ones that matter. */
  push(chunk: Uint8Array): void {
    this.#tail.push(chunk);
    this.#write(chunk);
    if (this.#panicked || !this.#scanner.push(chunk)) return;
    this.#panicked = true;
    this.#settle = setTimeout(() => this.#panic.resolve(this.tail()), panicSettleMs);
  }

  tail(): string {
    return this.#tail.toString();
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#settle);
    if (this.#panicked) this.#panic.resolve(this.tail());
    this.#close();
  }

  #write(chunk: Uint8Array): void {
    if (this.#fd === undefined) return;
    try {
      this.#fd = this.#rotatedFor(this.#fd, chunk.length);
      writeSync(this.#fd, chunk);
      this.#fileBytes += chunk.length;
    } catch {
      // A full disk costs the rest of the file. The tail in memory and the VM go on.
      this.#close();
    }
  }

  #rotatedFor(fd: number, bytes: number): number {
    if (this.#fileBytes === 0 || this.#fileBytes + bytes <= this.#maximumFileBytes) return fd;
    renameSync(this.path, `${this.path}.1`);
    this.#close();
    this.#fileBytes = 0;
    return openSync(this.path, 'w', 0o600);
  }

  #close(): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
  }
}
