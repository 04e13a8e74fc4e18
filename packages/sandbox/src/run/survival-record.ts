// SPDX-License-Identifier: Apache-2.0
import { isAlive, isProcessIdentity, type ProcessIdentity, type VmRecord } from '@hako/hypervisor';

import type { ContainerRecord } from '../container/container-record.ts';
import type { DeviceBooks } from '../devices/device-books.ts';
import type { RoomPromise } from '../resources/promised-resources.ts';
import type { SandboxRecord } from './sandbox-record.ts';
import { isObject } from './value-shape.ts';

/** What is written down of a sandbox that outlives its owner, so that another process can go on with it. */
export interface SurvivalRecord {
  /** What the sandbox was made from: `SandboxOptions`, without what is no data. */
  readonly options: Readonly<Record<string, unknown>>;
  /** The virtual machine, in the words of its driver. */
  readonly vm: VmRecord;
  /** Its containers, in the order of their creation. */
  readonly containers: readonly ContainerRecord[];
  /** What containers were promised of a machine that grows, those of other processes too. */
  readonly promised?: readonly RoomPromise[];
  /** Disks and devices of its containers. */
  readonly devices?: DeviceBooks;
}

/** A record is a file: what it says is looked at before it is believed. */
function vmmOf(survival: unknown): ProcessIdentity | undefined {
  if (!isObject(survival) || !isObject(survival['vm'])) return undefined;
  const { process } = survival['vm'];
  return isProcessIdentity(process) ? process : undefined;
}

/**
 * Tells whether a sandbox whose owner is dead goes on all the same: it was to, it ran, and its machine is alive.
 * @param record its record
 */
export async function outlivesItsOwner({ status, survival }: SandboxRecord): Promise<boolean> {
  const vmm = status === 'running' ? vmmOf(survival) : undefined;
  return vmm !== undefined && isAlive(vmm);
}
