// SPDX-License-Identifier: Apache-2.0
import { ByteQueue } from './byte-queue.ts';

/** What a fake program can do. */
export interface FakeProgram {
  readonly args: readonly string[];
  readonly env: readonly string[];
  readonly cwd: string;
  readonly terminal: boolean;
  /** Reads input; empty at its end. */
  readonly read: () => Promise<Uint8Array>;
  /** Prints. */
  readonly print: (text: string | Uint8Array) => void;
  /** Prints to standard error. */
  readonly printError: (text: string) => void;
  /** Settles with the number of the next signal that arrives. */
  readonly nextSignal: () => Promise<number>;
  /** The sizes its terminal was given, newest last. */
  readonly sizes: readonly { readonly rows: number; readonly columns: number }[];
}

/** A program: fulfilled with its exit code. */
export type FakeMain = (program: FakeProgram) => Promise<number>;

const killSignal = 9;
const signalExitBase = 128;

/** One process in a {@link FakeGuestAgent}. SIGKILL ends it whatever its program does. */
export class FakeProcess implements FakeProgram {
  readonly args: readonly string[];
  readonly env: readonly string[];
  readonly cwd: string;
  readonly terminal: boolean;
  readonly input = new ByteQueue();
  readonly output = new ByteQueue();
  readonly errorOutput = new ByteQueue();
  readonly sizes: { readonly rows: number; readonly columns: number }[] = [];
  /** The signals it was sent, in order. */
  readonly signals: number[] = [];
  readonly exitCode: Promise<number>;
  readonly read = (): Promise<Uint8Array> => this.input.read();
  readonly print = (text: string | Uint8Array): void => this.output.write(Buffer.from(text));
  readonly printError = (text: string): void => this.errorOutput.write(Buffer.from(text));
  readonly nextSignal = (): Promise<number> => this.#signal.promise;
  readonly #main: FakeMain;
  readonly #exit = Promise.withResolvers<number>();
  #signal = Promise.withResolvers<number>();

  constructor(main: FakeMain, spec: Pick<FakeProgram, 'args' | 'env' | 'cwd' | 'terminal'>) {
    this.#main = main;
    this.args = spec.args;
    this.env = spec.env;
    this.cwd = spec.cwd;
    this.terminal = spec.terminal;
    this.exitCode = this.#exit.promise;
  }

  /** Runs the program. */
  start(): void {
    void this.#main(this).then((code) => this.#end(code));
  }

  /** Delivers a signal. */
  deliver(signal: number): void {
    this.signals.push(signal);
    if (signal === killSignal) this.#end(signalExitBase + killSignal);
    this.#signal.resolve(signal);
    this.#signal = Promise.withResolvers<number>();
  }

  #end(code: number): void {
    this.output.end();
    this.errorOutput.end();
    this.#exit.resolve(code);
  }
}
