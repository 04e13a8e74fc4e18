// SPDX-License-Identifier: Apache-2.0
import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';

import type { VcpuThread, VirtualMachine } from '@hako/hypervisor';

import { errorCode } from '../error-code.ts';
import type { Logger } from '../logger.ts';
import { describeError, SandboxError } from '../sandbox-error.ts';
import type { GuestNode } from './numa/guest-node.ts';
import { nodePlaces } from './numa/node-places.ts';
import { parseNumberList } from './number-list.ts';

/** Binds a thread of the host to some of its CPUs; rejects with the `code` of the system's error. */
export type BindThread = (threadId: number, cpus: readonly number[]) => Promise<void>;

/** What a {@link VcpuPinning} works with. */
export interface VcpuPinningParts {
  readonly vm: Pick<VirtualMachine, 'vcpuThreads' | 'pluggedDevices' | 'pids'>;
  /** CPUs that the machine boots with. */
  readonly vcpus: number;
  /** Its NUMA nodes. */
  readonly numa?: readonly GuestNode[] | undefined;
  /** CPUs of the host for a sandbox whose containers list none. */
  readonly cpus?: readonly number[] | undefined;
  /** Whether a former owner may have bound threads. Default false. */
  readonly isAdopted?: boolean;
  readonly bindThread: BindThread;
  readonly logger: Pick<Logger, 'warn'>;
  /** Default: setTimeout. */
  readonly sleep?: (ms: number, signal?: AbortSignal) => Promise<unknown>;
}

const sleepFor: NonNullable<VcpuPinningParts['sleep']> = (ms, signal) => delay(ms, undefined, { signal });

const firstPauseMs = 50;
const attempts = 10;

/**
 * Keeps each virtual CPU of a machine on a CPU of the host, as long as there is one for each: as many as the containers of the
 * sandbox list together. In a machine with NUMA nodes each keeps to the CPUs of its node, however many there are. Changes
 * happen one after the other.
 */
export class VcpuPinning {
  readonly #parts: VcpuPinningParts;
  readonly #lists = new Map<string, readonly number[]>();
  #isPinned: boolean;
  #last: Promise<void> = Promise.resolve();

  constructor(parts: VcpuPinningParts) {
    this.#parts = parts;
    this.#isPinned = parts.isAdopted ?? false;
  }

  /**
   * Counts the CPUs of a container in, without effect until {@link VcpuPinning.settle}.
   * @param containerId the container
   * @param cpus of the host, as its specification lists them
   */
  admit(containerId: string, cpus: string | undefined): void {
    this.#lists.set(containerId, parseNumberList(cpus ?? '') ?? []);
  }

  /**
   * Counts them out. Never rejects.
   * @param containerId the container
   */
  async release(containerId: string): Promise<void> {
    if (this.#lists.delete(containerId)) await this.resettle();
  }

  /**
   * Puts the threads where they belong now. Errors: `invalid_options` (the host has no such CPU, or not for the sandbox),
   * `permission_denied`, `tool_failed`, and those of the driver.
   * @param signal ends the wait for threads
   */
  settle(signal?: AbortSignal): Promise<void> {
    const done = this.#last.then(() => this.#settle(signal));
    this.#last = done.catch(() => undefined);
    return done;
  }

  /** {@link VcpuPinning.settle} for when nobody is there to be told: what fails is logged. Never rejects. */
  async resettle(): Promise<void> {
    await this.settle().catch((error: unknown) => {
      this.#parts.logger.warn({ error }, 'virtual CPUs are not where they should be');
    });
  }

  async #settle(signal: AbortSignal | undefined): Promise<void> {
    const cpus = this.#cpus();
    if (cpus.length === 0 && !this.#isPinned) return;
    const threads = await this.#threads(signal);
    const places = this.#places(threads, cpus);
    if (places === undefined) {
      if (this.#isPinned) await this.#unpin(threads);
      return;
    }
    this.#isPinned = true;
    try {
      for (const [thread, cpu] of places) await this.#bind(thread, [cpu]);
    } catch (error) {
      await this.#unpin(threads).catch(() => undefined);
      throw error;
    }
  }

  /** The CPUs of the host that the sandbox has: those that its containers list, else those it was given, else its nodes'. */
  #cpus(): readonly number[] {
    const { cpus = [], numa = [] } = this.#parts;
    const choices = [[...this.#lists.values()].flat(), cpus, numa.flatMap(({ hostCpus }) => hostCpus)];
    const chosen = choices.find(({ length }) => length > 0) ?? [];
    return [...new Set(chosen)].sort((one, other) => one - other);
  }

  /** Threads of CPUs that have just been plugged may take a moment. */
  async #threads(signal: AbortSignal | undefined): Promise<readonly VcpuThread[]> {
    const { vm, vcpus, logger, sleep = sleepFor } = this.#parts;
    const limits = signal === undefined ? {} : { signal };
    const plugged = vm.pluggedDevices.map(({ device }) => (device.kind === 'vcpus' ? device.count : 0));
    const expected = plugged.reduce((sum, count) => sum + count, vcpus);
    let threads = await vm.vcpuThreads(limits);
    let pauseMs = firstPauseMs;
    for (let attempt = 1; attempt < attempts && threads.length < expected; attempt += 1) {
      await sleep(pauseMs, signal);
      pauseMs *= 2;
      threads = await vm.vcpuThreads(limits);
    }
    if (threads.length < expected)
      logger.warn({ threads: threads.length, expected }, 'some virtual CPUs have no thread yet');
    return threads.toSorted((one, other) => one.index - other.index);
  }

  /** Where each thread belongs; undefined if it does not matter. */
  #places(
    threads: readonly VcpuThread[],
    cpus: readonly number[],
  ): readonly (readonly [VcpuThread, number])[] | undefined {
    const { numa } = this.#parts;
    if (numa === undefined && threads.length !== cpus.length) return undefined;
    const ofNodes = numa && nodePlaces(numa, cpus);
    return threads.flatMap((thread, position) => {
      const cpu = ofNodes === undefined ? cpus[position] : ofNodes[thread.index];
      return cpu === undefined ? [] : [[thread, cpu]];
    });
  }

  /** Lets threads run wherever the hypervisor may. */
  async #unpin(threads: readonly VcpuThread[]): Promise<void> {
    const status = await readFile(`/proc/${this.#parts.vm.pids().vmm}/status`, 'utf8');
    const cpus = parseNumberList(/^Cpus_allowed_list:(.*)$/m.exec(status)?.[1] ?? '') ?? [];
    for (const thread of threads) await this.#bind(thread, cpus);
    this.#isPinned = false;
  }

  async #bind({ index, threadId }: VcpuThread, cpus: readonly number[]): Promise<void> {
    try {
      await this.#parts.bindThread(threadId, cpus);
    } catch (cause) {
      const code = errorCode(cause);
      // It has ended with its CPU, or with the machine.
      if (code === 'ESRCH') return;
      const message = `virtual CPU ${index} cannot run on CPU ${cpus.join(',')} of the host`;
      if (code === 'EINVAL')
        throw new SandboxError('invalid_options', message, {
          cause,
          remedy: 'list CPUs that the host has and the sandbox may use',
        });
      if (code === 'EPERM')
        throw new SandboxError('permission_denied', message, { cause, remedy: 'run as root' });
      throw new SandboxError('tool_failed', `${message}: ${describeError(cause)}`, { cause });
    }
  }
}
