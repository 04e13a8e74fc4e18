// SPDX-License-Identifier: Apache-2.0
import { socketStep } from './backend-step.ts';
import { deviceStep } from './device-step.ts';
import { planInSlot, type SlotPlan } from './plan-in-slot.ts';
import type { PlanContext } from './plug-plan.ts';

/** What a disk or a controller of another process has in common with the other. */
export interface VhostUserDisk {
  readonly id: string;
  readonly socketPath: string;
  /** Seconds until a lost connection is tried again. Default: never. */
  readonly reconnectSeconds?: number;
}

/** Disks of another process: the connection to it, then the device. */
export function planVhostUserDisk(
  driver: 'vhost-user-blk-pci' | 'vhost-user-scsi-pci',
  { id, socketPath: path, reconnectSeconds }: VhostUserDisk,
  { monitor, slots }: PlanContext,
): SlotPlan {
  const chardev = `char-${id}`;
  return planInSlot(slots, ({ bus, addr }) => [
    socketStep(monitor, {
      id: chardev,
      path,
      ...(reconnectSeconds !== undefined && { reconnectSeconds }),
    }),
    deviceStep(monitor, {
      driver,
      id: `virtio-${id}`,
      bus,
      addr,
      'disable-legacy': 'on',
      chardev,
      romfile: '',
    }),
  ]);
}
