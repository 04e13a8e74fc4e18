// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path';

import type { VirtualMachine } from '@hako/hypervisor';

import type { KernelModules } from '../guest-setup.ts';
import type { Lifeline } from '../lifeline.ts';
import type { Logger } from '../logger.ts';
import type { SurvivalLedger } from '../run/survival-ledger.ts';
import type { UndoStack } from '../undo-stack.ts';
import type { MachineRoom, RoomAgent } from './machine-room.ts';
import { MachineSizer } from './machine-sizer.ts';
import { ownerSocketName, serveRoom } from './room-service.ts';
import type { RoomPromise } from './promised-resources.ts';
import type { CheckedSizing } from './sizing-options.ts';
import type { SwapDisks } from './swap/swap-disks.ts';

/** The room of a machine that grows with its containers, those of other processes too. */
export interface GrowingRoom extends MachineRoom, AsyncDisposable {
  /** What the guest needs for that. */
  readonly kernelModules: KernelModules;
  /**
   * Lets other processes take part, until it is disposed of; goes on where a former owner stopped.
   * @param agent of the guest
   */
  serve(agent: RoomAgent): Promise<void>;
}

/** Opens the room of a sandbox. */
export type OpenRoom = (lifeline: Lifeline) => GrowingRoom;

/** What a growing room works with. */
export interface GrowingRoomParts {
  readonly vm: VirtualMachine;
  readonly sizing: CheckedSizing;
  /** Absent: its containers have no swap space. */
  readonly swap?: SwapDisks;
  /** Run directory of the sandbox. */
  readonly directory: string;
  readonly logger: Logger;
  readonly undo: UndoStack;
  /** Called when the machine has more CPUs. */
  readonly onGrowth: () => Promise<void> | undefined;
  /** Writes promises down, for the next owner; absent where there will be none. */
  readonly ledger?: Pick<SurvivalLedger, 'notePromises'> | undefined;
  /** What the former owner has promised; absent from a machine of this process's making. */
  readonly promised?: readonly RoomPromise[];
}

/**
 * Prepares the room of a machine that gets more for its containers.
 * @param parts the machine
 */
export function growingRoom(parts: GrowingRoomParts): OpenRoom {
  const { vm, sizing, swap, directory, logger, undo, onGrowth, ledger, promised } = parts;
  const { bounds, memoryGrowth } = sizing;
  const growsMemory = bounds.maximum.memoryMib > bounds.boot.memoryMib;
  const note = ledger && ((promises: readonly RoomPromise[]) => ledger.notePromises(promises));
  return (lifeline) => {
    const sizer = new MachineSizer({
      ...{ vm, bounds, memoryGrowth, swap, lifeline, logger, onGrowth, promised, note },
    });
    let server: AsyncDisposable | undefined;
    const close = async (): Promise<void> => {
      await server?.[Symbol.asyncDispose]();
      server = undefined;
    };
    return {
      admit: (containerId, resources) => sizer.admit(containerId, resources),
      provide: (agent, signal) => sizer.provide(agent, signal),
      keepVolumes: (containerId, volumes, agent, signal) =>
        sizer.keepVolumes(containerId, volumes, agent, signal),
      release: (containerId) => sizer.release(containerId),
      update: (containerId, resources, agent, signal) => sizer.update(containerId, resources, agent, signal),
      kernelModules: growsMemory && memoryGrowth === 'virtio-mem' ? [{ name: 'virtio_mem' }] : [],
      async serve(agent) {
        server = await serveRoom(sizer, agent, join(directory, ownerSocketName));
        undo.push('room for containers', close);
        if (promised !== undefined) void sizer.takeUp(agent);
      },
      [Symbol.asyncDispose]: close,
    };
  };
}
