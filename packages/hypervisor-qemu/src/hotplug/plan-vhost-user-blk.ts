// SPDX-License-Identifier: Apache-2.0
import { socketStep } from './backend-step.ts';
import { deviceStep } from './device-step.ts';
import type { Planner } from './plug-plan.ts';

/** A disk served by another process. */
export const planVhostUserBlk: Planner<'vhost-user-blk'> = (
  { id, socketPath, reconnectSeconds },
  { monitor, slots },
) => {
  const slot = slots.take();
  const { bus, addr } = slot;
  const chardev = `char-${id}`;
  return {
    steps: [
      socketStep(monitor, {
        id: chardev,
        path: socketPath,
        ...(reconnectSeconds !== undefined && { reconnectSeconds }),
      }),
      deviceStep(monitor, {
        driver: 'vhost-user-blk-pci',
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
