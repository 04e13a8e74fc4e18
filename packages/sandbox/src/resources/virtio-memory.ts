// SPDX-License-Identifier: Apache-2.0
import { growthSteps, nextStepMib, type MemoryPool, type MemoryPoolParts } from './memory-pool.ts';
import { plugTimeoutMs } from './plug-timeout.ts';
import type { GrowthAgent } from '../process/guest-agent.ts';

const deviceId = 'memory';

/** The device takes sizes in steps of so many MiB. */
const stepMib = 4;

/** A guest that cannot do without its memory is not waited for any longer; the request stands. */
const shrinkTimeoutMs = 5_000;

/** One virtio-mem device, plugged when it is first needed. */
export class VirtioMemory implements MemoryPool {
  readonly #parts: MemoryPoolParts;
  #plugged: boolean;
  #extraMib = 0;
  /** Whether there is memory that the guest was not told to use. */
  #isIdle = false;

  constructor(parts: MemoryPoolParts) {
    this.#parts = parts;
    this.#plugged = parts.vm.pluggedDevices.some(({ device }) => device.id === deviceId);
  }

  get memoryMib(): number {
    return this.#parts.memoryMib + this.#extraMib;
  }

  async grow(wantedMib: number, agent: GrowthAgent, signal: AbortSignal): Promise<void> {
    for (const mib of growthSteps(this.memoryMib, wantedMib)) {
      await this.#plug(signal);
      this.#isIdle = true;
      await this.#resize(ceilTo(mib - this.#parts.memoryMib, stepMib), signal, plugTimeoutMs);
      await this.#use(agent, signal);
    }
    await this.#use(agent, signal);
  }

  async takeUp(wantedMib: number, signal: AbortSignal): Promise<void> {
    if (!this.#plugged) return;
    this.#isIdle = true;
    const { memoryMib } = this.#parts;
    await this.#ask(Math.min(wantedMib, nextStepMib(memoryMib)) - memoryMib, signal);
    signal.throwIfAborted();
  }

  async shrink(wantedMib: number, signal: AbortSignal): Promise<void> {
    const extraMib = ceilTo(Math.max(0, wantedMib - this.#parts.memoryMib), stepMib);
    if (extraMib < this.#extraMib) await this.#ask(extraMib, signal);
  }

  /** Never rejects. The guest goes on giving back what it can do without; what it keeps is counted as given. */
  async #ask(extraMib: number, signal: AbortSignal): Promise<void> {
    const stepsMib = ceilTo(extraMib, stepMib);
    try {
      await this.#resize(stepsMib, signal, shrinkTimeoutMs);
    } catch (error) {
      this.#extraMib = stepsMib;
      if (!signal.aborted)
        this.#parts.logger.info({ error, extraMib: stepsMib }, 'the guest still uses surplus memory');
    }
  }

  async #plug(signal: AbortSignal): Promise<void> {
    if (this.#plugged) return;
    const { vm, memoryMib, maximumMib } = this.#parts;
    const capacityMib = maximumMib - memoryMib;
    await vm.plug({ kind: 'virtio-mem', id: deviceId, capacityMib }, { signal, timeoutMs: plugTimeoutMs });
    this.#plugged = true;
  }

  async #use(agent: GrowthAgent, signal: AbortSignal): Promise<void> {
    if (!this.#isIdle) return;
    await agent.onlineCPUMem({ nbCpus: 0, cpuOnly: false }, { signal });
    this.#isIdle = false;
  }

  async #resize(extraMib: number, signal: AbortSignal, timeoutMs: number): Promise<void> {
    await this.#parts.vm.resizeMemory(deviceId, extraMib, { signal, timeoutMs });
    this.#extraMib = extraMib;
  }
}

function ceilTo(value: number, step: number): number {
  return Math.ceil(value / step) * step;
}
