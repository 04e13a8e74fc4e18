// SPDX-License-Identifier: Apache-2.0
import { mebibyte } from '../command-line/memory.ts';
import { deviceStep } from './device-step.ts';
import { checkMemoryRoom, memoryBackendStep } from './memory-backend.ts';
import { planInSlot } from './plan-in-slot.ts';
import type { Planner } from './plug-plan.ts';

/** Name of the device in QEMU. */
export function virtioMemId(id: string): string {
  return `virtio-${id}`;
}

/** Memory that grows and shrinks in place. Once plugged it stays: QEMU cannot take it out. */
export const planVirtioMem: Planner<'virtio-mem'> = async (device, context, limits) => {
  const { id, capacityMib, requestedMib = 0 } = device;
  await checkMemoryRoom(context, capacityMib, limits);
  const { monitor, slots } = context;
  const memdev = `mem-${id}`;
  return planInSlot(slots, ({ bus, addr }) => {
    const memory = {
      driver: 'virtio-mem-pci',
      id: virtioMemId(id),
      bus,
      addr,
      'disable-legacy': 'on',
      memdev,
      'requested-size': requestedMib * mebibyte,
      romfile: '',
    } as const;
    return [
      memoryBackendStep(context, memdev, capacityMib),
      deviceStep(monitor, memory, { kind: 'stays', remedy: 'shrink it to 0 MiB instead' }),
    ];
  });
};
