// SPDX-License-Identifier: Apache-2.0
import type { Readable, Writable } from 'node:stream';

import type { WaitOptions } from '../deadline.ts';
import type { HostHooks } from '../hooks/host-hooks.ts';
import type { GuestProcess, RemoteProcess, TerminalSize } from '../process/guest-process.ts';
import { SandboxError } from '../sandbox-error.ts';
import {
  pauseContainer,
  readStats,
  resumeContainer,
  updateLimits,
  type LimitsTarget,
} from './container-control.ts';
import type { RecordedContainerState } from './container-record.ts';
import type { ContainerLimits } from './container-limits.ts';
import type { ExecOptions } from './container-options.ts';
import type { ContainerStats } from './container-stats.ts';
import { execProcess, type ExecTarget } from './exec-process.ts';

/**
 * Where a container is in its life.
 *
 * ```mermaid
 * stateDiagram-v2
 *   [*] --> created
 *   created --> running: start
 *   running --> paused: pause
 *   paused --> running: resume
 *   running --> stopped: its process ended
 *   paused --> stopped: its process was killed
 *   created --> removed: remove
 *   running --> removed: remove
 *   paused --> removed: remove
 *   stopped --> removed: remove
 * ```
 */
export type ContainerState =
  | { readonly name: 'created' }
  | { readonly name: 'running' }
  | { readonly name: 'paused' }
  | { readonly name: 'stopped'; readonly exitCode: number }
  | { readonly name: 'removed' };

/** What the sandbox gives a container to work with. */
export interface ContainerResources extends ExecTarget, LimitsTarget {
  readonly agent: LimitsTarget['agent'];
  readonly process: RemoteProcess;
  readonly command: readonly string[];
  readonly closeStdin: boolean;
  /** Measures the start. */
  measureStart(run: () => Promise<void>): Promise<void>;
  /** Hooks of its bundle that are due in its life. */
  readonly hooks?: Pick<HostHooks, 'afterStart' | 'afterEnd'>;
  /** Is told of each step of its life, those that are about to be done too, and how it ended. Never rejects. */
  note(state: RecordedContainerState, exitCode?: number): Promise<void> | undefined;
  /** Takes back what was made for it on the host. */
  release(): Promise<void>;
}

/**
 * A container in a sandbox. Its process is created, and starts with {@link Container.start}; read or discard its output,
 * otherwise it stops when the pipes are full. Leaving an `await using` block removes it, which a lost machine does not fail.
 */
export class Container implements GuestProcess, AsyncDisposable {
  readonly id: string;
  /** The command it runs. */
  readonly command: readonly string[];
  readonly #resources: ContainerResources;
  #state: ContainerState;
  #removing: Promise<void> | undefined;
  /** Settles when its end is written down. */
  #endNoted: Promise<void> | undefined;

  /**
   * @param resources what it works with
   * @param state where it is in its life, if it is one that another process has made
   * @internal Made by `Sandbox.createContainer`.
   */
  constructor(resources: ContainerResources, state: ContainerState = { name: 'created' }) {
    this.id = resources.containerId;
    this.command = resources.command;
    this.#resources = resources;
    this.#state = state;
    if (state.name === 'running' || state.name === 'paused') this.#watchEnd();
  }

  /** Where it is in its life. */
  get state(): ContainerState {
    return this.#state;
  }

  get stdin(): Writable {
    return this.#resources.process.stdin;
  }

  get stdout(): Readable {
    return this.#resources.process.stdout;
  }

  get stderr(): Readable {
    return this.#resources.process.stderr;
  }

  /**
   * Lets the process run; what cannot be started is removed. Errors: `invalid_state`, `agent_failed`, `vm_exited`, `aborted`.
   * @param options limits
   */
  async start(options: { readonly signal?: AbortSignal } = {}): Promise<void> {
    this.#expect('start', 'created');
    const { agent, lifeline, process, closeStdin } = this.#resources;
    this.#state = { name: 'running' };
    try {
      await this.#resources.note('starting');
      await this.#resources.measureStart(async () => {
        await lifeline.call('start of the container', options.signal, (signal) =>
          agent.startContainer({ containerId: this.id }, { signal }),
        );
      });
    } catch (error) {
      await this.remove().catch(() => undefined);
      throw error;
    }
    this.#watchEnd();
    if (closeStdin) process.stdin.end();
    await this.#noteIf('running');
    await this.#resources.hooks?.afterStart();
  }

  /**
   * Starts one more program in it. Errors: `invalid_state`, `invalid_options`, `command_not_found`,
   * `command_not_executable`, `agent_failed`, `vm_exited`, `aborted`.
   * @param options the program
   */
  exec(options: ExecOptions): Promise<GuestProcess> {
    this.#expect('exec', 'running');
    return execProcess(this.#resources, options);
  }

  async wait(options: WaitOptions = {}): Promise<number> {
    this.#expect('wait', 'running', 'paused', 'stopped');
    const exitCode =
      this.#state.name === 'stopped' ? this.#state.exitCode : await this.#resources.process.wait(options);
    // Whoever hears of its end finds it written down.
    await this.#endNoted;
    return exitCode;
  }

  /**
   * Freezes all its processes until {@link Container.resume}. Signals wait as well, except SIGKILL. Errors: `invalid_state`,
   * `agent_failed`, `vm_exited`, `timeout`, `aborted`.
   * @param options limits; default 10 s
   */
  async pause(options: WaitOptions = {}): Promise<void> {
    this.#expect('pause', 'running');
    await pauseContainer(this.#resources, options);
    // Its process may have ended meanwhile.
    if (this.#state.name === 'running') this.#state = { name: 'paused' };
    await this.#noteIf('paused');
  }

  /**
   * Lets its processes go on. Errors: as {@link Container.pause}.
   * @param options limits; default 10 s
   */
  async resume(options: WaitOptions = {}): Promise<void> {
    this.#expect('resume', 'paused');
    await resumeContainer(this.#resources, options);
    if (this.#state.name === 'paused') this.#state = { name: 'running' };
    await this.#noteIf('running');
  }

  /**
   * Reads what it uses. Errors: as {@link Container.pause}.
   * @param options limits; default 10 s
   */
  async stats(options: WaitOptions = {}): Promise<ContainerStats> {
    this.#expect('stats', 'created', 'running', 'paused');
    return readStats(this.#resources, options);
  }

  /**
   * Changes its limits; the machine grows or shrinks with them, if it can. Errors: `invalid_options`, `tool_failed`, and as
   * {@link Container.pause}.
   * @param limits the new ones
   * @param options limits of the call; default 10 s, or 120 s for a machine that gets more for its containers
   */
  async update(limits: ContainerLimits, options: WaitOptions = {}): Promise<void> {
    this.#expect('update', 'created', 'running', 'paused');
    await updateLimits(this.#resources, limits, options);
  }

  async kill(
    name: NodeJS.Signals = 'SIGTERM',
    options: { readonly signal?: AbortSignal } = {},
  ): Promise<void> {
    if (this.#state.name === 'stopped') return;
    this.#expect('kill', 'running', 'paused');
    await this.#resources.process.kill(name, options);
  }

  async resize(size: TerminalSize): Promise<void> {
    this.#expect('resize', 'created', 'running', 'paused');
    await this.#resources.process.resize(size);
  }

  discardOutput(): void {
    this.#resources.process.discardOutput();
  }

  /** Kills what is left of it and removes it from the guest. Idempotent. Errors: `agent_failed`, `vm_exited`. */
  remove(): Promise<void> {
    this.#removing ??= this.#remove();
    return this.#removing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.remove().catch((error: unknown) => {
      // A lost machine has taken the container with it, and what its block ended by says so.
      if (!this.#resources.lifeline.isLost) throw error;
    });
  }

  #watchEnd(): void {
    const { process, room } = this.#resources;
    process.watch();
    this.#endNoted = process.wait().then(
      async (exitCode) => {
        const isKept = this.#state.name === 'running' || this.#state.name === 'paused';
        if (isKept) this.#state = { name: 'stopped', exitCode };
        room?.release(this.id);
        if (isKept) await this.#resources.note('stopped', exitCode);
      },
      () => undefined,
    );
  }

  /** Notes a state, unless it has been left meanwhile. */
  async #noteIf(state: 'running' | 'paused'): Promise<void> {
    if (this.#state.name === state) await this.#resources.note(state);
  }

  async #remove(): Promise<void> {
    const hasEnded = this.#state.name === 'stopped';
    this.#state = { name: 'removed' };
    // Its note would come back otherwise.
    if (hasEnded) await this.#endNoted;
    const { agent, lifeline, process } = this.#resources;
    process.stdin.destroy();
    await this.#resources.note('removing');
    try {
      await lifeline.call('removal of the container', undefined, (signal) =>
        agent.removeContainer({ containerId: this.id }, { signal }),
      );
    } catch (error) {
      if (lifeline.isLost) await this.#resources.hooks?.afterEnd();
      throw error;
    }
    process.stdout.destroy();
    process.stderr.destroy();
    await this.#resources.release();
  }

  #expect(operation: string, ...allowed: readonly ContainerState['name'][]): void {
    if (allowed.includes(this.#state.name)) return;
    throw new SandboxError('invalid_state', `${operation}: container ${this.id} is ${this.#state.name}`);
  }
}
