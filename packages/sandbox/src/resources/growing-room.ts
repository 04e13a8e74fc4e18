// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path';

import type { VirtualMachine } from '@hako/hypervisor';

import type { KernelModules } from '../guest-setup.ts';
import type { Lifeline } from '../lifeline.ts';
import type { Logger } from '../logger.ts';
import type { UndoStack } from '../undo-stack.ts';
import type { MachineRoom, RoomAgent } from './machine-room.ts';
import { MachineSizer } from './machine-sizer.ts';
import { ownerSocketName, serveRoom } from './room-service.ts';
import type { CheckedSizing } from './sizing-options.ts';

/** The room of a machine that grows with its containers, those of other processes too. */
export interface GrowingRoom extends MachineRoom {
  /** What the guest needs for that. */
  readonly kernelModules: KernelModules;
  /**
   * Lets other processes take part. It ends with the sandbox.
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
  /** Run directory of the sandbox. */
  readonly directory: string;
  readonly logger: Logger;
  readonly undo: UndoStack;
  /** Called when the machine has more CPUs. */
  readonly onGrowth: () => Promise<void> | undefined;
}

/**
 * Prepares the room of a machine that can grow.
 * @param parts the machine
 */
export function growingRoom({ vm, sizing, directory, logger, undo, onGrowth }: GrowingRoomParts): OpenRoom {
  const { bounds, memoryGrowth } = sizing;
  const growsMemory = bounds.maximum.memoryMib > bounds.boot.memoryMib;
  return (lifeline) => {
    const sizer = new MachineSizer({ vm, bounds, memoryGrowth, lifeline, logger, onGrowth });
    return {
      admit: (containerId, resources) => sizer.admit(containerId, resources),
      provide: (agent, signal) => sizer.provide(agent, signal),
      release: (containerId) => sizer.release(containerId),
      update: (containerId, resources, agent, signal) => sizer.update(containerId, resources, agent, signal),
      kernelModules: growsMemory && memoryGrowth === 'virtio-mem' ? [{ name: 'virtio_mem' }] : [],
      async serve(agent) {
        const server = await serveRoom(sizer, agent, join(directory, ownerSocketName));
        undo.push('room for containers', async () => await server[Symbol.asyncDispose]());
      },
    };
  };
}
