// SPDX-License-Identifier: Apache-2.0
import { growthSteps, plugTimeoutMs, type MemoryPool, type MemoryPoolParts } from './memory-pool.ts';
import type { GrowthAgent } from '../process/guest-agent.ts';

const deviceId = 'memory';

/** The device takes sizes in steps of so many MiB. */
const stepMib = 4;

/** A guest that cannot do without its memory is not waited for any longer; the request stands. */
const shrinkTimeoutMs = 5_000;

/** One virtio-mem device, plugged when it is first needed. */
export class VirtioMemory implements MemoryPool {
  readonly #parts: MemoryPoolParts;
  #plugged = false;
  #extraMib = 0;
  /** Whether there is memory that the guest was not told to use. */
  #isIdle = false;

  constructor(parts: MemoryPoolParts) {
    this.#parts = parts;
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

  async shrink(wantedMib: number, signal: AbortSignal): Promise<void> {
    const extraMib = ceilTo(Math.max(0, wantedMib - this.#parts.memoryMib), stepMib);
    if (extraMib >= this.#extraMib) return;
    try {
      await this.#resize(extraMib, signal, shrinkTimeoutMs);
    } catch (error) {
      // The guest goes on giving it back, as far as it can. What it keeps is counted as given.
      this.#extraMib = extraMib;
      if (!signal.aborted)
        this.#parts.logger.info({ error, wantedMib }, 'the guest still uses surplus memory');
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
