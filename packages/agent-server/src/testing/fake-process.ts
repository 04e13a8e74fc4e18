// SPDX-License-Identifier: Apache-2.0
import type { ByteSink, ByteSource, ExitStatus, ProcessIo, TerminalSize } from '../process/process-io.ts';
import type { RuntimeProcess } from '../runtime/oci-runtime.ts';
import { createMemoryPipe, type MemoryPipe, systemError } from './memory-pipe.ts';

/** A program as a fake process runs it. */
export type FakeProgram = (process: FakeProcess) => void | Promise<void>;

const sigkill = 9;
const lastSignal = 64;

/** A process that exists in memory only. */
export class FakeProcess implements RuntimeProcess {
  readonly pid: number;
  readonly args: readonly string[];
  /** Set by the runtime that starts it. */
  rootDir = '/';
  readonly exited: Promise<ExitStatus>;
  readonly io: ProcessIo;
  /** What the program reads. */
  readonly stdin: ByteSource;
  /** What the program writes to; closed when it ends. */
  readonly stdout: ByteSink;
  readonly stderr: ByteSink;
  /** Numbers of the signals it has got. */
  readonly signalsGot: number[] = [];
  /** Sizes its terminal was given. */
  readonly sizes: TerminalSize[] = [];
  readonly #output: MemoryPipe;
  readonly #settle: (status: ExitStatus) => void;
  readonly #handlers = new Map<number, () => void>();
  #hasEnded = false;

  constructor(pid: number, args: readonly string[], terminal: boolean) {
    const { promise, resolve } = Promise.withResolvers<ExitStatus>();
    const [input, output, errors] = [createMemoryPipe(), createMemoryPipe(), createMemoryPipe()];
    const stdin = input.openSink();
    this.pid = pid;
    this.args = args;
    this.exited = promise;
    this.#settle = resolve;
    this.#output = output;
    this.stdin = input.source;
    this.stdout = output.openSink();
    this.stderr = terminal ? this.stdout : errors.openSink();
    this.io = terminal
      ? {
          kind: 'terminal',
          terminal: {
            reader: output.source,
            writer: stdin,
            resize: (size) => void this.sizes.push(size),
            close: () => this.end({ signal: 1 }),
          },
        }
      : { kind: 'pipes', stdin, stdout: output.source, stderr: errors.source };
  }

  /** Whether it has ended. */
  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  signal(signal: number): void {
    if (signal > lastSignal) throw systemError('EINVAL', 'Invalid argument');
    if (this.#hasEnded) throw systemError('ESRCH', 'No such process');
    this.signalsGot.push(signal);
    const handler = this.#handlers.get(signal);
    if (handler !== undefined && signal !== sigkill) handler();
    else if (signal !== 0) this.end({ signal });
  }

  heeds(signal: number): Promise<boolean> {
    return Promise.resolve(this.#handlers.has(signal));
  }

  /** Runs a function instead of ending at a signal. */
  onSignal(signal: number, handler: () => void): void {
    this.#handlers.set(signal, handler);
  }

  /** A descendant that keeps standard output open after the process has ended, until it is closed. */
  leaveOutputOpen(): ByteSink {
    return this.#output.openSink();
  }

  /** Ends it; only the first end counts. */
  end(status: ExitStatus): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.stdout.close();
    this.stderr.close();
    this.stdin.close();
    this.#settle(status);
  }
}
