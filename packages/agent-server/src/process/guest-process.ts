// SPDX-License-Identifier: Apache-2.0
import { createMutex, rejectOnAbort } from '../concurrency/mutex.ts';
import { AgentError } from '../errors/agent-error.ts';
import { errnoName } from '../errors/describe-error.ts';
import type { RuntimeProcess } from '../runtime/oci-runtime.ts';
import type { PassedStreams } from '../pass-fd/passed-streams.ts';
import { carryInput, carryOutput } from '../pass-fd/carry-streams.ts';
import { createOutputStream, type OutputStream } from './output-stream.ts';
import {
  exitCodeOf,
  type ByteSink,
  type ExitStatus,
  type TerminalEnd,
  type TerminalSize,
} from './process-io.ts';

/** Which output is meant. A terminal has one for both. */
export type OutputName = 'stdout' | 'stderr';

/** Linux signal numbers used here. Source: signal(7). */
export const signals = { kill: 9, term: 15 } as const;

/**
 * A process of a container as the RPCs see it: its streams, its end, and the entry that stays until somebody has waited
 * for it.
 */
export class GuestProcess implements Disposable {
  /** The exec id; the container's id for its first process. */
  readonly id: string;
  readonly pid: number;
  /** Resolves with the way it ended, once it has been reaped. */
  readonly exited: Promise<ExitStatus>;
  readonly #runtimeProcess: RuntimeProcess;
  readonly #terminal: TerminalEnd | undefined;
  readonly #outputs: Readonly<Record<OutputName, OutputStream>>;
  readonly #stdinTurn = createMutex();
  readonly #handedOver = new Set<OutputName>();
  readonly #disposal = new AbortController();
  #carried: Promise<unknown> = Promise.resolve();
  #stdin: ByteSink | undefined;
  #outputsClosed = false;
  #exitStatus: ExitStatus | undefined;

  constructor(id: string, runtimeProcess: RuntimeProcess) {
    const { io } = runtimeProcess;
    this.id = id;
    this.pid = runtimeProcess.pid;
    this.#runtimeProcess = runtimeProcess;
    if (io.kind === 'terminal') {
      const output = createOutputStream(io.terminal.reader);
      this.#terminal = io.terminal;
      this.#stdin = io.terminal.writer;
      this.#outputs = { stdout: output, stderr: output };
    } else {
      this.#terminal = undefined;
      this.#stdin = io.stdin;
      this.#outputs = { stdout: createOutputStream(io.stdout), stderr: createOutputStream(io.stderr) };
    }
    this.exited = runtimeProcess.exited.then((status) => {
      this.#exitStatus = status;
      this.#outputs.stdout.processExited();
      this.#outputs.stderr.processExited();
      return status;
    });
    // Whoever waits for it learns of a failure; nobody may.
    this.exited.catch(() => undefined);
  }

  /** Whether it has a terminal in place of three pipes. */
  get hasTerminal(): boolean {
    return this.#terminal !== undefined;
  }

  /** How it ended; undefined while it lives. */
  get exitStatus(): ExitStatus | undefined {
    return this.#exitStatus;
  }

  /**
   * One read of output, see {@link OutputStream.read}.
   *
   * @throws AgentError `stream_closed` when a terminal has been hung up by {@link GuestProcess.closeStdin}
   */
  async read(
    output: OutputName,
    maxBytes: number,
    signal: AbortSignal,
    into?: Uint8Array,
  ): Promise<Uint8Array> {
    if (this.#outputsClosed || this.#handedOver.has(output))
      throw new AgentError('stream_closed', `process ${this.id} has no ${output} any more`);
    return await this.#outputs[output].read(maxBytes, signal, into);
  }

  /** Takes output that is there, see {@link OutputStream.readNow}. */
  readNow(output: OutputName, into: Uint8Array): Uint8Array | undefined {
    return this.#outputsClosed ? undefined : this.#outputs[output].readNow(into);
  }

  /** Lets the process run further ahead of whoever reads an output of it, unless somebody has chosen how far. */
  widen(output: OutputName, capacityBytes: number): void {
    this.#outputs[output].widen(capacityBytes);
  }

  /**
   * Writes to standard input; waits while it is full.
   *
   * @throws AgentError `stream_closed` when it was closed; EPIPE when nobody reads it any more
   */
  async write(bytes: Uint8Array, signal: AbortSignal): Promise<void> {
    using _turn = await this.#stdinTurn.acquire(signal);
    if (this.#stdin === undefined)
      throw new AgentError('stream_closed', `process ${this.id} has no stdin any more`);
    await this.#stdin.write(bytes, { signal });
  }

  /**
   * Joins its streams to connections of the host, which get what the RPCs then refuse. A terminal has one output, which
   * goes where standard output does. To be called before anything is read or written.
   */
  handOver({ stdin, stdout, stderr }: PassedStreams): void {
    const isTerminal = this.#terminal !== undefined;
    if (this.#stdin === undefined) stdin?.destroy();
    else if (stdin !== undefined) {
      void carryInput(stdin, this.#stdin, !isTerminal, this.#disposal.signal);
      this.#stdin = undefined;
    }
    const outputs = { stdout, stderr: isTerminal ? undefined : stderr };
    if (isTerminal) stderr?.destroy();
    this.#carried = Promise.all(
      (['stdout', 'stderr'] as const).map(async (name) => {
        const connection = outputs[name];
        if (connection === undefined) return;
        this.#handedOver.add(name);
        await carryOutput(this.#outputs[name], connection);
      }),
    );
  }

  /** End of input. A terminal is hung up, which ends its output too. May be repeated. */
  closeStdin(): void {
    const stdin = this.#stdin;
    this.#stdin = undefined;
    if (this.#terminal !== undefined) this.#closeTerminal(this.#terminal);
    else stdin?.close();
  }

  /**
   * Sets the size of the terminal.
   *
   * @throws AgentError `not_a_terminal`
   */
  resize(size: TerminalSize): void {
    if (this.#terminal === undefined || this.#outputsClosed) {
      throw new AgentError('not_a_terminal', `process ${this.id} has no terminal`);
    }
    this.#terminal.resize(size);
  }

  /** Sends a signal; one that has ended meanwhile is no error. */
  signal(signal: number): void {
    if (this.#exitStatus !== undefined) return;
    try {
      this.#runtimeProcess.signal(signal);
    } catch (error) {
      if (errnoName(error) !== 'ESRCH') throw error;
    }
  }

  /** Whether the process blocks, ignores or catches a signal, so that it may be sent to the first of a pid namespace. */
  async heeds(signal: number): Promise<boolean> {
    return await this.#runtimeProcess.heeds(signal);
  }

  /**
   * Waits for its end, and until those who read its output have got all of it.
   *
   * @returns the exit code, 128 + n for signal n
   * @throws the signal's reason when it is aborted first
   */
  async waitForExit(signal: AbortSignal): Promise<number> {
    const status = await rejectOnAbort(this.exited, signal);
    await rejectOnAbort(this.#carried, signal);
    await Promise.all([this.#outputs.stdout.drained(signal), this.#outputs.stderr.drained(signal)]);
    return exitCodeOf(status);
  }

  /** Closes its streams, connections of the host included; reads that wait get the end of output. */
  [Symbol.dispose](): void {
    this.#disposal.abort();
    this.closeStdin();
    if (this.#terminal === undefined) this.#closeOutputs();
  }

  #closeTerminal(terminal: TerminalEnd): void {
    if (this.#outputsClosed) return;
    this.#closeOutputs();
    terminal.close();
  }

  #closeOutputs(): void {
    this.#outputsClosed = true;
    this.#outputs.stdout.close();
    this.#outputs.stderr.close();
  }
}
