// SPDX-License-Identifier: Apache-2.0
import type { Readable, Writable } from 'node:stream';

import type { AttachedProcess, OutputName } from '@hako/agent-client';

import { isProcessGone } from '../agent-failure.ts';
import { withDeadline, type WaitOptions } from '../deadline.ts';
import type { Lifeline } from '../lifeline.ts';
import { GuestInput } from './guest-input.ts';
import { GuestOutput, type OutputSource } from './guest-output.ts';
import type { ProcessAgent, ProcessId } from './guest-agent.ts';
import { signalNumber } from './signal-number.ts';

/** The character that means "end of input" to a terminal in its usual mode, see termios(3). */
const endOfTransmission = Uint8Array.of(4);

/** Size of a terminal in characters. */
export interface TerminalSize {
  readonly rows: number;
  readonly columns: number;
}

/** A process in the guest: a container's first one, or one more started by `exec`. */
export interface GuestProcess {
  /** Its standard input. Ending it closes the input; on a terminal it sends the end-of-input character. */
  readonly stdin: Writable;
  /** Its standard output; with a terminal everything it prints. Must be read or discarded for {@link GuestProcess.wait} to settle. */
  readonly stdout: Readable;
  /** Its standard error; with a terminal it ends at once. Must be read or discarded too. */
  readonly stderr: Readable;
  /**
   * Waits for the exit code: that of the program, or 128 + n when signal n ended it. All output has been
   * taken over from the guest by then; what the streams still buffer can be read afterwards. Errors: `vm_exited`, `agent_failed`; abort and timeout end only this wait.
   */
  wait(options?: WaitOptions): Promise<number>;
  /** Sends a signal; default SIGTERM. A process that is gone already is no error. Errors: `vm_exited`, `agent_failed`, `aborted`. */
  kill(signal?: NodeJS.Signals, options?: { readonly signal?: AbortSignal }): Promise<void>;
  /** Tells the terminal its size. Errors: `vm_exited`, `agent_failed`. */
  resize(size: TerminalSize): Promise<void>;
  /** Reads output to its end and throws it away. */
  discardOutput(): void;
}

/** What a {@link RemoteProcess} needs. */
export interface RemoteProcessOptions {
  readonly id: ProcessId;
  readonly terminal: boolean;
  readonly agent: ProcessAgent;
  readonly lifeline: Lifeline;
  /** Called when output arrives for the first time. */
  readonly onFirstByte?: () => void;
}

/** Standard error of a process with a terminal. */
const noOutput: OutputSource = {
  read: () => Promise.resolve(new Uint8Array()),
  discard: () => undefined,
};

/** A guest process spoken to through the agent. */
export class RemoteProcess implements GuestProcess {
  readonly stdin: GuestInput;
  readonly stdout: GuestOutput;
  readonly stderr: GuestOutput;
  readonly #id: ProcessId;
  readonly #agent: ProcessAgent;
  readonly #lifeline: Lifeline;
  readonly #process: AttachedProcess;
  #exitCode: Promise<number> | undefined;

  constructor({ id, terminal, agent, lifeline, onFirstByte }: RemoteProcessOptions) {
    this.#id = id;
    this.#agent = agent;
    this.#lifeline = lifeline;
    const process = agent.attachProcess(id);
    this.#process = process;
    const write = (data: Uint8Array, signal: AbortSignal): Promise<void> =>
      this.#call('write to standard input', signal, (options) => process.write(data, options));
    this.stdin = new GuestInput({
      write,
      close: (signal) =>
        terminal
          ? write(endOfTransmission, signal)
          : this.#call('close of standard input', signal, (options) => process.closeStdin(options)),
    });
    this.stdout = new GuestOutput(this.#source('stdout'), onFirstByte);
    this.stderr = new GuestOutput(terminal ? noOutput : this.#source('stderr'), onFirstByte);
    if (terminal) process.discard('stderr');
    if (terminal) this.stderr.resume();
  }

  /** To be called once the process runs: from now on its end is watched. */
  watch(): void {
    this.#exitCode ??= this.#awaitExit();
    this.#exitCode.catch(() => undefined);
  }

  async wait(options: WaitOptions = {}): Promise<number> {
    this.watch();
    return withDeadline('wait for the process', options, () => this.#exitCode ?? this.#awaitExit());
  }

  async kill(
    name: NodeJS.Signals = 'SIGTERM',
    options: { readonly signal?: AbortSignal } = {},
  ): Promise<void> {
    const signal = signalNumber(name);
    await this.#call(`signal ${name}`, options.signal, (call) =>
      this.#agent.signalProcess({ ...this.#id, signal }, call).catch(forgiveGone),
    );
  }

  async resize({ rows, columns }: TerminalSize): Promise<void> {
    await this.#call('resize of the terminal', undefined, (options) =>
      this.#process.resize({ rows, columns }, options),
    );
  }

  discardOutput(): void {
    this.stdout.resume();
    this.stderr.resume();
  }

  async #awaitExit(): Promise<number> {
    await Promise.race([
      Promise.all([this.stdout.ended, this.stderr.ended]),
      this.#lifeline.lost.then((reason) => Promise.reject(reason)),
    ]);
    const status = await this.#lifeline.call('wait for the process', undefined, (signal) =>
      this.#process.wait({ signal }),
    );
    this.stdin.destroy();
    return status;
  }

  #source(output: OutputName): OutputSource {
    return {
      read: (signal) =>
        this.#lifeline.call('read of output', signal, (both) => this.#process.read(output, { signal: both })),
      discard: () => this.#process.discard(output),
    };
  }

  async #call(
    what: string,
    signal: AbortSignal | undefined,
    call: (options: { signal: AbortSignal }) => Promise<unknown>,
  ): Promise<void> {
    await this.#lifeline.call(what, signal, (both) => call({ signal: both }));
  }
}

function forgiveGone(error: unknown): void {
  if (!isProcessGone(error)) throw error;
}
