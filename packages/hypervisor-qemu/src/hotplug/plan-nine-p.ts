// SPDX-License-Identifier: Apache-2.0
import { HypervisorError } from '@hako/hypervisor';
import { fsdevId } from '../command-line/nine-p.ts';
import { deviceStep } from './device-step.ts';
import { planInSlot } from './plan-in-slot.ts';
import type { Planner } from './plug-plan.ts';

/** A directory that QEMU itself exports. What is exported was said when QEMU started: there is no command for it. */
export const planNineP: Planner<'9p'> = (device, { monitor, slots, config }) => {
  const { id, tag, exportId } = device;
  if (config.exportedDirectories?.some((directory) => directory.id === exportId) !== true) {
    throw new HypervisorError('invalid_device', `vm ${config.id} exports no directory ${exportId}`, {
      operand: 'exportId',
    });
  }
  return planInSlot(slots, ({ bus, addr }) => [
    deviceStep(monitor, {
      driver: 'virtio-9p-pci',
      id: `virtio-${id}`,
      bus,
      addr,
      'disable-legacy': 'on',
      fsdev: fsdevId(exportId),
      mount_tag: tag,
      romfile: '',
    }),
  ]);
};
