// SPDX-License-Identifier: Apache-2.0
import { isAlive, type ProcessIdentity, type VmRecord } from '@hako/hypervisor';

import type { ContainerRecord } from '../container/container-record.ts';
import type { SandboxRecord } from './sandbox-record.ts';

/** What is written down of a sandbox that outlives its owner, so that another process can go on with it. */
export interface SurvivalRecord {
  /** What the sandbox was made from: `SandboxOptions`, without what is no data. */
  readonly options: Readonly<Record<string, unknown>>;
  /** The virtual machine, in the words of its driver. */
  readonly vm: VmRecord;
  /** Its containers, in the order of their creation. */
  readonly containers: readonly ContainerRecord[];
}

/** A record is a file: what it says is looked at before it is believed. */
function vmmOf(survival: unknown): ProcessIdentity | undefined {
  if (!isObject(survival) || !isObject(survival['vm']) || !isObject(survival['vm']['process']))
    return undefined;
  const { pid, startTicks } = survival['vm']['process'];
  return typeof pid === 'number' && typeof startTicks === 'string' ? { pid, startTicks } : undefined;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

/**
 * Tells whether a sandbox whose owner is dead goes on all the same: it was to, it ran, and its machine is alive.
 * @param record its record
 */
export async function outlivesItsOwner({ status, survival }: SandboxRecord): Promise<boolean> {
  const vmm = status === 'running' ? vmmOf(survival) : undefined;
  return vmm !== undefined && isAlive(vmm);
}
