// SPDX-License-Identifier: Apache-2.0
import { bytesPerMib, memoryBlockMib } from './machine-size.ts';
import { lastNumber } from './last-number.ts';
import { growthSteps, type MemoryPool, type MemoryPoolParts } from './memory-pool.ts';
import { plugTimeoutMs } from './plug-timeout.ts';
import type { GrowthAgent } from '../process/guest-agent.ts';

/** How a guest takes memory modules; from `getGuestDetails`. */
interface BlockFacts {
  readonly blockMib: number;
  /** Whether it has to be told the address. */
  readonly needsProbe: boolean;
}

interface PluggedModule {
  readonly address: bigint;
  readonly sizeMib: number;
}

/** Memory modules, one for each growth. They stay: what is surplus is used by the next growth. */
export class MemoryModules implements MemoryPool {
  readonly #parts: MemoryPoolParts;
  #facts: BlockFacts | undefined;
  #extraMib: number;
  #made: number;
  /** Modules that the guest was not told to use. */
  readonly #idle: PluggedModule[] = [];

  constructor(parts: MemoryPoolParts) {
    this.#parts = parts;
    // The guest uses those of a former owner: its kernel takes new memory in by itself.
    const modules = parts.vm.pluggedDevices.flatMap(({ device }) =>
      device.kind === 'memory' ? [device] : [],
    );
    this.#extraMib = modules.reduce((sum, { sizeMib }) => sum + sizeMib, 0);
    this.#made = lastNumber(modules.map(({ id }) => id));
  }

  get memoryMib(): number {
    return this.#parts.memoryMib + this.#extraMib;
  }

  async grow(wantedMib: number, agent: GrowthAgent, signal: AbortSignal): Promise<void> {
    if (wantedMib > this.memoryMib) this.#facts ??= await readFacts(agent, signal);
    for (const mib of growthSteps(this.memoryMib, wantedMib)) {
      await this.#plug(mib - this.memoryMib, signal);
      await this.#use(agent, signal);
    }
    await this.#use(agent, signal);
  }

  takeUp(): Promise<void> {
    return Promise.resolve();
  }

  shrink(wantedMib: number): Promise<void> {
    if (wantedMib < this.memoryMib)
      this.#parts.logger.debug({ memoryMib: this.memoryMib, wantedMib }, 'surplus memory modules stay');
    return Promise.resolve();
  }

  async #plug(missingMib: number, signal: AbortSignal): Promise<void> {
    if (missingMib <= 0) return;
    const { blockMib = memoryBlockMib } = this.#facts ?? {};
    const sizeMib = Math.ceil(missingMib / blockMib) * blockMib;
    const id = `memory-${(this.#made += 1)}`;
    const limits = { signal, timeoutMs: plugTimeoutMs };
    const { address } = await this.#parts.vm.plug({ kind: 'memory', id, sizeMib }, limits);
    this.#extraMib += sizeMib;
    this.#idle.push({ address: address.physicalAddress, sizeMib });
  }

  async #use(agent: GrowthAgent, signal: AbortSignal): Promise<void> {
    for (let module = this.#idle[0]; module !== undefined; module = this.#idle[0]) {
      if (this.#facts?.needsProbe === true) {
        const memHotplugProbeAddr = probeAddresses(module, this.#facts.blockMib);
        await agent.memHotplugByProbe({ memHotplugProbeAddr }, { signal });
      }
      await agent.onlineCPUMem({ nbCpus: 0, cpuOnly: false }, { signal });
      this.#idle.shift();
    }
  }
}

async function readFacts(agent: GrowthAgent, signal: AbortSignal): Promise<BlockFacts> {
  const request = { memBlockSize: true, memHotplugProbe: true };
  const { memBlockSizeBytes, supportMemHotplugProbe } = await agent.getGuestDetails(request, { signal });
  return {
    blockMib: Math.max(memoryBlockMib, Number(memBlockSizeBytes / BigInt(bytesPerMib))),
    needsProbe: supportMemHotplugProbe,
  };
}

function probeAddresses({ address, sizeMib }: PluggedModule, blockMib: number): bigint[] {
  const step = BigInt(blockMib * bytesPerMib);
  return Array.from({ length: sizeMib / blockMib }, (_, index) => address + BigInt(index) * step);
}
