// SPDX-License-Identifier: Apache-2.0
import type { VirtualMachine } from '@hako/hypervisor';

import type { Logger } from '../logger.ts';
import type { GrowthAgent } from '../process/guest-agent.ts';

/** How a machine gets more memory. */
export type MemoryGrowth =
  /** One device that grows and shrinks in steps of 4 MiB. */
  | 'virtio-mem'
  /** A module for each growth, of whole memory blocks. Modules stay. */
  | 'modules';

/** Memory of a running machine beside what it booted with. */
export interface MemoryPool {
  /** What the machine has altogether, in MiB. */
  readonly memoryMib: number;
  /** Adds at least what is missing and has the guest use it. What came before an error stays. */
  grow(wantedMib: number, agent: GrowthAgent, signal: AbortSignal): Promise<void>;
  /**
   * Finds out what the machine of a former owner has, where that is not in its books: it is asked for what it should have.
   * Errors: those of the signal.
   */
  takeUp(wantedMib: number, signal: AbortSignal): Promise<void>;
  /** Takes back what the guest can do without. Never rejects. */
  shrink(wantedMib: number, signal: AbortSignal): Promise<void>;
}

/** What a pool works with. */
export interface MemoryPoolParts {
  readonly vm: Pick<VirtualMachine, 'plug' | 'resizeMemory' | 'pluggedDevices'>;
  readonly logger: Logger;
  /** Memory at boot, in MiB. */
  readonly memoryMib: number;
  /** Most memory, in MiB; whole blocks more than at boot. */
  readonly maximumMib: number;
}

/**
 * The most memory that may be added at once, as a multiple of what there is: the guest describes each GiB in 16 MiB, which
 * come out of what it has already.
 */
const mostGrowth = 48;

/**
 * The largest size that a guest can take in one step.
 * @param presentMib what it has
 */
export function nextStepMib(presentMib: number): number {
  return presentMib * (mostGrowth + 1);
}

/**
 * Cuts a growth into steps that a guest can take.
 * @param presentMib what it has
 * @param wantedMib what it shall have
 * @returns the size after each step
 */
export function growthSteps(presentMib: number, wantedMib: number): readonly number[] {
  const steps: number[] = [];
  for (let mib = presentMib; mib < wantedMib; steps.push(mib)) mib = Math.min(wantedMib, nextStepMib(mib));
  return steps;
}
