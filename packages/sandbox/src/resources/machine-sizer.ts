// SPDX-License-Identifier: Apache-2.0
import { HypervisorError, type VirtualMachine } from '@hako/hypervisor';
import { ociResourcesToGrpc, type OciResources } from '@hako/protocols';

import { fromHypervisorFailure } from '../hypervisor-failure.ts';
import type { Lifeline } from '../lifeline.ts';
import type { Logger } from '../logger.ts';
import type { GrowthAgent } from '../process/guest-agent.ts';
import { SandboxError } from '../sandbox-error.ts';
import type { MachineRoom, RoomAgent } from './machine-room.ts';
import type { MachineBounds, MachineSize } from './machine-size.ts';
import { MemoryModules } from './memory-modules.ts';
import type { MemoryGrowth, MemoryPool } from './memory-pool.ts';
import { mergeResources } from './merge-resources.ts';
import { requiredSize } from './required-size.ts';
import { demandOf } from './resource-demand.ts';
import { VcpuPool } from './vcpu-pool.ts';
import { VirtioMemory } from './virtio-memory.ts';

/** What a {@link MachineSizer} works with. */
export interface MachineSizerParts {
  readonly vm: Pick<VirtualMachine, 'plug' | 'unplug' | 'resizeMemory'>;
  readonly bounds: MachineBounds;
  readonly memoryGrowth: MemoryGrowth;
  readonly lifeline: Lifeline;
  readonly logger: Logger;
  /** Called when the machine has more CPUs. */
  readonly onGrowth?: () => Promise<void> | undefined;
}

/**
 * Keeps a machine as large as its containers need it: it grows before a container is made or gets more, and shrinks after
 * one has ended or got less. Changes of the machine happen one after the other.
 */
export class MachineSizer implements MachineRoom {
  readonly #parts: MachineSizerParts;
  readonly #vcpus: VcpuPool;
  readonly #memory: MemoryPool;
  readonly #end = new AbortController();
  #promised: ReadonlyMap<string, OciResources> = new Map();
  #last: Promise<void> = Promise.resolve();

  constructor(parts: MachineSizerParts) {
    const { vm, logger, bounds } = parts;
    const { vcpus, memoryMib } = bounds.boot;
    const memory = { vm, logger, memoryMib, maximumMib: bounds.maximum.memoryMib };
    this.#parts = parts;
    this.#vcpus = new VcpuPool({ vm, logger, vcpus });
    this.#memory = parts.memoryGrowth === 'modules' ? new MemoryModules(memory) : new VirtioMemory(memory);
    void parts.lifeline.lost.then((reason) => this.#end.abort(reason));
  }

  /** What the machine has now. */
  get size(): MachineSize {
    return { vcpus: this.#vcpus.vcpus, memoryMib: this.#memory.memoryMib };
  }

  /** Settles when all changes of the machine that are under way have been made. Never rejects. */
  get settled(): Promise<void> {
    return this.#last;
  }

  // eslint-disable-next-line @typescript-eslint/require-await -- the rooms of other processes ask the owner
  async admit(containerId: string, resources: OciResources): Promise<void> {
    const promised = new Map(this.#promised).set(containerId, resources);
    this.#required(promised);
    this.#promised = promised;
  }

  provide(agent: RoomAgent, signal: AbortSignal | undefined): Promise<void> {
    return this.#next(() => this.#grow(agent, signal));
  }

  release(containerId: string): void {
    const promised = new Map(this.#promised);
    if (!promised.delete(containerId)) return;
    this.#promised = promised;
    this.#shrinkLater();
  }

  async update(
    containerId: string,
    resources: OciResources,
    agent: RoomAgent,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const before = this.#promised.get(containerId);
    await this.admit(containerId, mergeResources(before ?? {}, resources));
    try {
      await this.provide(agent, signal);
      await this.#parts.lifeline.call('update of the container', signal, (both) =>
        agent.updateContainer({ containerId, resources: ociResourcesToGrpc(resources) }, { signal: both }),
      );
    } catch (error) {
      if (before === undefined) this.release(containerId);
      else this.#promised = new Map(this.#promised).set(containerId, before);
      throw error;
    } finally {
      this.#shrinkLater();
    }
  }

  #required(promised = this.#promised): MachineSize {
    return requiredSize(this.#parts.bounds, [...promised.values()].map(demandOf));
  }

  async #grow(agent: GrowthAgent, signal: AbortSignal | undefined): Promise<void> {
    const { vcpus, memoryMib } = this.#required();
    const before = this.#vcpus.vcpus;
    await this.#parts.lifeline.call('growth of the machine', signal, async (both) => {
      try {
        await this.#vcpus.grow(vcpus, agent, both);
        if (this.#vcpus.vcpus > before) await this.#parts.onGrowth?.();
        await this.#memory.grow(memoryMib, agent, both);
      } catch (error) {
        throw growthFailure(error);
      }
    });
  }

  #shrinkLater(): void {
    void this.#next(() => this.#shrink()).catch(() => undefined);
  }

  async #shrink(): Promise<void> {
    if (this.#parts.lifeline.isLost) return;
    const { vcpus, memoryMib } = this.#required();
    await this.#vcpus.shrink(vcpus, this.#end.signal);
    await this.#memory.shrink(memoryMib, this.#end.signal);
  }

  /** Runs a change after those before it, whatever became of them. */
  #next(change: () => Promise<void>): Promise<void> {
    const done = this.#last.then(change);
    this.#last = done.catch(() => undefined);
    return done;
  }
}

/** At run time the driver's failures are not those of a boot. */
function growthFailure(error: unknown): unknown {
  if (!HypervisorError.is(error)) return error;
  if (error.code === 'timeout' || error.code === 'aborted') return fromHypervisorFailure(error);
  return new SandboxError('tool_failed', `the machine cannot grow: ${error.message}`, {
    cause: error,
    ...(error.remedy === undefined ? {} : { remedy: error.remedy }),
  });
}
