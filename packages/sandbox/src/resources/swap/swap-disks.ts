// SPDX-License-Identifier: Apache-2.0
import { rm, stat } from 'node:fs/promises';
import { join } from 'node:path';

import { pciPathSlots } from '@hako/device-manager';
import type { DevicePlugging } from '@hako/hypervisor';

import type { GrowthAgent } from '../../process/guest-agent.ts';
import { describeError } from '../../sandbox-error.ts';
import { lastNumber } from '../last-number.ts';
import { plugTimeoutMs } from '../plug-timeout.ts';
import { makeSwapFile, swapBytesOf } from './swap-file.ts';
import { isSwapDisk, swapDiskId } from './swap-name.ts';

/** What stat(2) counts in. */
const blockBytes = 512;

/** What {@link SwapDisks} are plugged into. */
export interface SwapDisksParts {
  readonly vm: Pick<DevicePlugging, 'plug' | 'pluggedDevices'>;
  /** Run directory of the sandbox: the files go with it. */
  readonly directory: string;
}

/**
 * The swap space of a running machine: a disk for each growth. A guest does not let go of swap space, so the disks stay, and
 * what is surplus is used by the next growth.
 */
export class SwapDisks {
  readonly #parts: SwapDisksParts;
  readonly #files: string[];
  /** PCI paths of disks that the guest was not told to use by this process. */
  readonly #idle: string[];
  #made: number;

  constructor(parts: SwapDisksParts) {
    this.#parts = parts;
    // Those of a former owner: it may have died before it told the guest.
    const left = parts.vm.pluggedDevices.filter(({ device: { id } }) => isSwapDisk(id));
    this.#files = left.flatMap(({ device }) => (device.kind === 'block' ? [device.path] : []));
    this.#idle = left.flatMap(({ address }) => ('pciPath' in address ? [address.pciPath] : []));
    this.#made = lastNumber(left.map(({ device: { id } }) => id));
  }

  /**
   * Plugs what is missing and has the guest use it. Errors: `tool_failed`, those of `VirtualMachine.plug` and of the agent; what
   * came by then stays, and is used the next time.
   * @param wantedBytes swap space that the machine shall have altogether
   * @param agent of the guest
   * @param signal ends the wait
   */
  async grow(wantedBytes: number, agent: Pick<GrowthAgent, 'addSwap'>, signal: AbortSignal): Promise<void> {
    const { swapBytes, holeBytes } = await this.#survey();
    const missing = wantedBytes - swapBytes;
    if (missing > 0) await this.#plug(missing, holeBytes, signal);
    for (let path = this.#idle[0]; path !== undefined; path = this.#idle[0]) {
      await agent.addSwap({ PCIPath: pciPathSlots(path) }, { signal }).catch(unlessInUse);
      this.#idle.shift();
    }
  }

  /** The swap space there is, and how much of it has no room in the file system yet. */
  async #survey(): Promise<{ readonly swapBytes: number; readonly holeBytes: number }> {
    const found = await Promise.all(this.#files.map((file) => stat(file)));
    return {
      swapBytes: found.reduce((sum, { size }) => sum + swapBytesOf(size), 0),
      holeBytes: found.reduce((sum, { size, blocks }) => sum + Math.max(0, size - blocks * blockBytes), 0),
    };
  }

  async #plug(bytes: number, promisedBytes: number, signal: AbortSignal): Promise<void> {
    const { vm, directory } = this.#parts;
    const number = (this.#made += 1);
    const path = join(directory, `swap${number}`);
    await makeSwapFile(path, bytes, promisedBytes);
    try {
      const disk = { kind: 'block', id: swapDiskId(number), path, readOnly: false } as const;
      const { address } = await vm.plug(disk, { signal, timeoutMs: plugTimeoutMs });
      this.#files.push(path);
      this.#idle.push(address.pciPath);
    } catch (error) {
      await rm(path, { force: true });
      throw error;
    }
  }
}

/** The guest uses the disk already: a former owner has told it, or its answer was lost. */
function unlessInUse(error: unknown): void {
  if (!/\bEBUSY\b/.test(describeError(error))) throw error;
}
