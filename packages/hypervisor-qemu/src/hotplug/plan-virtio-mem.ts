// SPDX-License-Identifier: Apache-2.0
import type { QmpClient } from '../qmp/qmp-client.ts';
import { deviceStep } from './device-step.ts';
import { checkMemoryRoom, mebibyte, memoryBackendStep } from './memory-backend.ts';
import { planInSlot } from './plan-in-slot.ts';
import type { Planner } from './plug-plan.ts';
import type { PlugStep } from './plug-step.ts';
import { takeBack, type PlugUndo } from './plug-undo.ts';

/** Name of the device in QEMU. */
export function virtioMemId(id: string): string {
  return `virtio-${id}`;
}

function cannotBeTakenOut(monitor: QmpClient, undo: PlugUndo): Pick<PlugStep, 'revert' | 'undo'> {
  return { revert: (options) => takeBack(monitor, undo, options), undo };
}

/** Memory that grows and shrinks in place. Once plugged it stays: QEMU cannot take it out. */
export const planVirtioMem: Planner<'virtio-mem'> = async (device, context, limits) => {
  const { id, capacityMib, requestedMib = 0 } = device;
  await checkMemoryRoom(context, capacityMib, limits);
  const { monitor, slots } = context;
  const memdev = `mem-${id}`;
  return planInSlot(slots, ({ bus, addr }) => [
    memoryBackendStep(context, memdev, capacityMib),
    {
      ...deviceStep(monitor, {
        driver: 'virtio-mem-pci',
        id: virtioMemId(id),
        bus,
        addr,
        'disable-legacy': 'on',
        memdev,
        'requested-size': requestedMib * mebibyte,
        romfile: '',
      }),
      ...cannotBeTakenOut(monitor, {
        kind: 'stays',
        id: virtioMemId(id),
        reason: 'shrink it to 0 MiB instead',
      }),
    },
  ]);
};
