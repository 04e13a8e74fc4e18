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
import { VolumeStretcher, type MemoryVolume } from './memory-volumes.ts';
import { mergeResources } from './merge-resources.ts';
import { requiredSize } from './required-size.ts';
import { promisedResources, type PromisedResources, type RoomPromise } from './promised-resources.ts';
import { demandOf } from './resource-demand.ts';
import { requiredSwapBytes } from './swap/required-swap.ts';
import type { SwapDisks } from './swap/swap-disks.ts';
import { VcpuPool } from './vcpu-pool.ts';
import { VirtioMemory } from './virtio-memory.ts';

/** What a {@link MachineSizer} works with. */
export interface MachineSizerParts {
  readonly vm: Pick<VirtualMachine, 'plug' | 'unplug' | 'resizeMemory' | 'pluggedDevices'>;
  readonly bounds: MachineBounds;
  readonly memoryGrowth: MemoryGrowth;
  /** Swap space for its containers. Absent: there is none. */
  readonly swap?: Pick<SwapDisks, 'grow'> | undefined;
  readonly lifeline: Lifeline;
  readonly logger: Logger;
  /** Called when the machine has more CPUs. */
  readonly onGrowth?: () => Promise<void> | undefined;
  /** What a former owner has promised. Default: nothing. */
  readonly promised?: readonly RoomPromise[] | undefined;
  /** Is told of all promises whenever they have changed. Must not reject. */
  readonly note?: ((promised: readonly RoomPromise[]) => Promise<void>) | undefined;
}

/** What a container is promised. */
type Promised = Omit<RoomPromise, 'containerId'>;

/**
 * Keeps a machine as large as its containers need it: it grows before a container is made or gets more, and shrinks after
 * one has ended or got less. Swap space and volumes in memory come with it, and stay. Changes of the machine happen one after
 * the other.
 */
export class MachineSizer implements MachineRoom {
  readonly #parts: MachineSizerParts;
  readonly #vcpus: VcpuPool;
  readonly #memory: MemoryPool;
  readonly #volumes: VolumeStretcher;
  readonly #end = new AbortController();
  #promised: ReadonlyMap<string, Promised>;
  #last: Promise<void> = Promise.resolve();

  constructor(parts: MachineSizerParts) {
    const { vm, lifeline, logger, bounds } = parts;
    const { vcpus, memoryMib } = bounds.boot;
    const memory = { vm, logger, memoryMib, maximumMib: bounds.maximum.memoryMib };
    this.#parts = parts;
    this.#promised = new Map(
      (parts.promised ?? []).map(({ containerId, ...promised }) => [containerId, promised]),
    );
    this.#vcpus = new VcpuPool({ vm, logger, vcpus });
    this.#memory = parts.memoryGrowth === 'modules' ? new MemoryModules(memory) : new VirtioMemory(memory);
    this.#volumes = new VolumeStretcher({ lifeline, logger, memoryMib });
    void lifeline.lost.then((reason) => this.#end.abort(reason));
  }

  /** What the machine has now. */
  get size(): MachineSize {
    return { vcpus: this.#vcpus.vcpus, memoryMib: this.#memory.memoryMib };
  }

  /** Settles when all changes of the machine that are under way have been made. Never rejects. */
  get settled(): Promise<void> {
    return this.#last;
  }

  async admit(containerId: string, resources: OciResources): Promise<void> {
    const promised = new Map(this.#promised).set(containerId, {
      ...this.#promised.get(containerId),
      resources: promisedResources(resources),
    });
    this.#required(promised);
    await this.#promise(promised);
  }

  provide(agent: RoomAgent, signal: AbortSignal | undefined): Promise<void> {
    return this.#next(() => this.#grow(agent, signal));
  }

  async keepVolumes(
    containerId: string,
    volumes: readonly MemoryVolume[],
    agent: RoomAgent,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const promised = this.#promised.get(containerId);
    if (promised === undefined) return;
    await this.#promise(new Map(this.#promised).set(containerId, { ...promised, volumes }));
    await this.#next(() => this.#stretch(agent, signal));
  }

  release(containerId: string): void {
    const promised = new Map(this.#promised);
    if (!promised.delete(containerId)) return;
    void this.#promise(promised);
    this.#shrinkLater();
  }

  /**
   * Goes on with a machine that a former owner has sized: makes it as large as what is promised, as far as it lets itself. To be
   * called once, before anything else is asked of it. Never rejects: what fails is logged, and tried again with the next change.
   * @param agent of the guest
   */
  takeUp(agent: GrowthAgent): Promise<void> {
    return this.#next(async () => {
      try {
        const { memoryMib } = this.#required();
        await this.#parts.lifeline.call('size of the machine', undefined, (signal) =>
          this.#memory.takeUp(memoryMib, signal),
        );
        await this.#grow(agent, undefined);
        // That owner may have died before it had told of its last CPU.
        if (this.#vcpus.vcpus > this.#parts.bounds.boot.vcpus) await this.#parts.onGrowth?.();
        await this.#shrink();
      } catch (error) {
        if (!this.#parts.lifeline.isLost)
          this.#parts.logger.warn({ error }, 'the machine is not as large as its containers were promised');
      }
    });
  }

  async update(
    containerId: string,
    resources: OciResources,
    agent: RoomAgent,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const before = this.#promised.get(containerId);
    await this.admit(containerId, mergeResources(before?.resources ?? {}, resources));
    try {
      await this.provide(agent, signal);
      await this.#parts.lifeline.call('update of the container', signal, (both) =>
        agent.updateContainer({ containerId, resources: ociResourcesToGrpc(resources) }, { signal: both }),
      );
    } catch (error) {
      if (before === undefined) this.release(containerId);
      else await this.#promise(new Map(this.#promised).set(containerId, before));
      throw error;
    } finally {
      this.#shrinkLater();
    }
  }

  #promise(promised: ReadonlyMap<string, Promised>): Promise<void> {
    this.#promised = promised;
    const entries = [...promised].map(([containerId, each]) => ({ containerId, ...each }));
    return this.#parts.note?.(entries) ?? Promise.resolve();
  }

  #required(promised = this.#promised): MachineSize {
    return requiredSize(this.#parts.bounds, resourcesOf(promised).map(demandOf));
  }

  async #grow(agent: GrowthAgent, signal: AbortSignal | undefined): Promise<void> {
    const { vcpus, memoryMib } = this.#required();
    const before = this.#vcpus.vcpus;
    await this.#parts.lifeline.call('growth of the machine', signal, async (both) => {
      try {
        await this.#vcpus.grow(vcpus, agent, both);
        if (this.#vcpus.vcpus > before) await this.#parts.onGrowth?.();
        await this.#memory.grow(memoryMib, agent, both);
        await this.#swap(agent, both);
      } catch (error) {
        throw growthFailure(error);
      }
    });
    await this.#stretch(agent, signal);
  }

  async #swap(agent: GrowthAgent, signal: AbortSignal): Promise<void> {
    const { bounds, swap } = this.#parts;
    await swap?.grow(requiredSwapBytes(bounds.boot, resourcesOf(this.#promised)), agent, signal);
  }

  #stretch(agent: GrowthAgent, signal: AbortSignal | undefined): Promise<void> {
    const volumes = [...this.#promised.values()].flatMap((each) => each.volumes ?? []);
    return this.#volumes.stretch(volumes, this.#memory.memoryMib, agent, signal);
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

function resourcesOf(promised: ReadonlyMap<string, Promised>): readonly PromisedResources[] {
  return [...promised.values()].map(({ resources }) => resources);
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
