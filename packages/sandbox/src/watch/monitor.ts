// SPDX-License-Identifier: Apache-2.0
import { setTimeout as delay } from 'node:timers/promises';

import { HypervisorError, type VirtualMachine } from '@hako/hypervisor';

import { isConnectionLoss } from '../agent-failure.ts';
import { withDeadline } from '../deadline.ts';
import type { Logger } from '../logger.ts';
import type { GuestAgent } from '../process/guest-agent.ts';
import { describeError, SandboxError } from '../sandbox-error.ts';

/** As upstream's runtime has it. */
const defaultIntervalMs = 5_000;
const defaultTimeoutMs = 30_000;

/** A hypervisor answers its own control interface within a few milliseconds, whatever its guest does. */
const vmTimeoutMs = 5_000;

/** The end of a machine closes the agent's connection a moment before it is known itself. */
const explanationMs = 1_500;

/** How often and how patiently a sandbox looks after its machine. */
export interface MonitorOptions {
  /** Pause between two looks, in milliseconds. Default 5000. */
  readonly intervalMs?: number;
  /** How long the agent may take to answer, in milliseconds; it is asked twice. Default 30,000. */
  readonly timeoutMs?: number;
}

/** What a {@link Monitor} looks after. */
export interface MonitorParts {
  readonly agent: Pick<GuestAgent, 'check'>;
  readonly vm: Pick<VirtualMachine, 'state' | 'vcpuThreads' | 'exited'>;
  readonly logger: Logger;
  /** Called at most once, with `agent_unresponsive` or `vm_unresponsive`. The end of the machine is not its business. */
  readonly onDead: (reason: SandboxError) => void;
}

/**
 * Looks now and then whether the agent answers. When it does not, twice in a row, the hypervisor is asked: what does not
 * answer there is what is dead. Two questions, because one may be answered late by no fault of the guest, as after a stop
 * of this very process.
 */
export class Monitor implements Disposable {
  readonly #parts: MonitorParts;
  readonly #intervalMs: number;
  readonly #timeoutMs: number;
  readonly #end = new AbortController();

  /**
   * Begins to look.
   * @param parts what to look after
   * @param options how often
   */
  constructor(
    parts: MonitorParts,
    { intervalMs = defaultIntervalMs, timeoutMs = defaultTimeoutMs }: MonitorOptions,
  ) {
    this.#parts = parts;
    this.#intervalMs = intervalMs;
    this.#timeoutMs = timeoutMs;
    void this.#run();
  }

  [Symbol.dispose](): void {
    this.#end.abort();
  }

  async #run(): Promise<void> {
    const { signal } = this.#end;
    const { logger, onDead } = this.#parts;
    while (!this.#hasEnded()) {
      await delay(this.#intervalMs, undefined, { signal, ref: false }).catch(() => undefined);
      if (this.#hasEnded()) return;
      // A machine that stands still on purpose answers nothing.
      if (this.#standsStill()) continue;
      const failure = (await this.#look()) && (await this.#look());
      // One that has panicked stands still until its memory is written.
      if (failure === undefined || this.#standsStill()) continue;
      logger.warn({ error: failure.error }, 'the agent does not answer');
      const verdict = await this.#judge(failure.error);
      if (this.#hasEnded() || verdict === undefined) return;
      onDead(verdict);
      return;
    }
  }

  async #look(): Promise<{ readonly error: unknown } | undefined> {
    try {
      const limits = { timeoutMs: this.#timeoutMs, signal: this.#end.signal };
      await withDeadline('answer of the agent', limits, (signal) => this.#parts.agent.check({ signal }));
      return undefined;
    } catch (error) {
      return this.#hasEnded() ? undefined : { error };
    }
  }

  /** What is dead; nothing when the machine has ended, which explains everything. */
  async #judge(cause: unknown): Promise<SandboxError | undefined> {
    const { vm } = this.#parts;
    const { signal } = this.#end;
    const limits = { signal, timeoutMs: isConnectionLoss(cause) ? explanationMs : 0 };
    const hasExited = await withDeadline('end of the machine', limits, () => vm.exited).then(
      () => true,
      () => false,
    );
    if (hasExited) return undefined;
    try {
      await withDeadline('answer of the hypervisor', { signal, timeoutMs: vmTimeoutMs }, (both) =>
        vm.vcpuThreads({ signal: both }),
      );
    } catch (error) {
      if (!HypervisorError.is(error) || error.code !== 'unsupported') {
        return new SandboxError(
          'vm_unresponsive',
          `the hypervisor does not answer any more: ${describeError(error)}`,
          { cause: error, remedy: 'run the command again; `hako doctor` checks this machine' },
        );
      }
    }
    return new SandboxError(
      'agent_unresponsive',
      `the guest's agent does not answer any more: ${describeError(cause)}`,
      {
        cause,
        remedy: 'run the command again; HAKO_CONSOLE_DIR keeps what the guest says',
      },
    );
  }

  #standsStill(): boolean {
    return this.#parts.vm.state !== 'running';
  }

  #hasEnded(): boolean {
    return this.#end.signal.aborted;
  }
}
