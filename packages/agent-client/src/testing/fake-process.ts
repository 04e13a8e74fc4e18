// SPDX-License-Identifier: Apache-2.0
import type { Process } from '@hako/protocols/oci';
import { ByteChannel } from './byte-channel.ts';

const sigkill = 9;

/** A process of the fake agent: what a test's program sees, and what the agent's calls act on. */
export class FakeProcess {
  readonly containerId: string;
  readonly execId: string;
  /** The process as requested; `undefined` when the request had none. */
  readonly spec: Process | undefined;
  /** Numbers of the signals received, in order. SIGKILL also ends the process. */
  readonly signals: number[] = [];
  /** The last size set, in characters. */
  size: { readonly row: number; readonly column: number } | undefined;
  /** Resolves with the exit status when the process has ended. */
  readonly exited: Promise<number>;
  readonly #exit = Promise.withResolvers<number>();
  readonly #stdin = new ByteChannel();
  readonly #stdout = new ByteChannel();
  readonly #stderr = new ByteChannel();
  readonly #signalled = new AbortController();
  #ended = false;

  constructor(containerId: string, execId: string, spec: Process | undefined) {
    this.containerId = containerId;
    this.execId = execId;
    this.spec = spec;
    this.exited = this.#exit.promise;
  }

  /** Aborts at the first signal and when the process ends, for programs that wait. */
  get signal(): AbortSignal {
    return this.#signalled.signal;
  }

  /** The program's arguments. */
  get args(): readonly string[] {
    return this.spec?.Args ?? [];
  }

  /** What was written to standard input, until it is closed. */
  async *stdin(): AsyncGenerator<Uint8Array, void> {
    for (;;) {
      const data = await this.#stdin.read(Infinity, new AbortController().signal);
      if (data.length === 0) return;
      yield data;
    }
  }

  /** Writes to standard output. */
  writeStdout(data: string | Uint8Array): void {
    this.#stdout.write(typeof data === 'string' ? Buffer.from(data) : data);
  }

  /** Writes to standard error. */
  writeStderr(data: string | Uint8Array): void {
    this.#stderr.write(typeof data === 'string' ? Buffer.from(data) : data);
  }

  /** Ends the process; the first status counts. */
  exit(status: number): void {
    if (this.#ended) return;
    this.#ended = true;
    for (const stream of [this.#stdin, this.#stdout, this.#stderr]) stream.end();
    this.#signalled.abort();
    this.#exit.resolve(status);
  }

  /** Delivers a signal. */
  receive(signal: number): void {
    if (this.#ended) return;
    this.signals.push(signal);
    this.#signalled.abort();
    if (signal === sigkill) this.exit(128 + sigkill);
  }

  /** Delivers bytes to standard input; empty data closes it. */
  receiveInput(data: Uint8Array): void {
    if (data.length === 0) this.#stdin.end();
    else this.#stdin.write(data);
  }

  /** Takes output; see {@link ByteChannel.read}. */
  readOutput(stream: 'stdout' | 'stderr', maxBytes: number, signal: AbortSignal): Promise<Uint8Array> {
    return (stream === 'stdout' ? this.#stdout : this.#stderr).read(maxBytes, signal);
  }
}
