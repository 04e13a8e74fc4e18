// SPDX-License-Identifier: Apache-2.0
import { socketStep } from './backend-step.ts';
import { deviceStep } from './device-step.ts';
import type { Planner } from './plug-plan.ts';

/** A SCSI controller served by another process. */
export const planVhostUserScsi: Planner<'vhost-user-scsi'> = ({ id, socketPath }, { monitor, slots }) => {
  const slot = slots.take();
  const { bus, addr } = slot;
  const chardev = `char-${id}`;
  return {
    steps: [
      socketStep(monitor, { id: chardev, path: socketPath }),
      deviceStep(monitor, {
        driver: 'vhost-user-scsi-pci',
        id: `virtio-${id}`,
        bus,
        addr,
        'disable-legacy': 'on',
        chardev,
        romfile: '',
      }),
    ],
    address: () => ({ pciPath: slot.pciPath }),
    release: () => slots.release(slot),
  };
};
