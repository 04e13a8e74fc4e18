// SPDX-License-Identifier: Apache-2.0
import { socketStep } from './backend-step.ts';
import { deviceStep } from './device-step.ts';
import { planInSlot } from './plan-in-slot.ts';
import type { Planner } from './plug-plan.ts';

const defaultQueueSize = 1024;

/** A shared directory: connection to its virtiofsd, then the device. */
export const planVirtioFs: Planner<'virtio-fs'> = (device, { monitor, slots }) => {
  const chardev = `char-${device.id}`;
  return planInSlot(slots, ({ bus, addr }) => [
    socketStep(monitor, { id: chardev, path: device.socketPath }),
    deviceStep(monitor, {
      driver: 'vhost-user-fs-pci',
      id: `virtio-${device.id}`,
      bus,
      addr,
      chardev,
      tag: device.tag,
      'queue-size': device.queueSize ?? defaultQueueSize,
      romfile: '',
    }),
  ]);
};
