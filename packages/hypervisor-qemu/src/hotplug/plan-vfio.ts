// SPDX-License-Identifier: Apache-2.0
import { deviceStep } from './device-step.ts';
import type { Planner } from './plug-plan.ts';

/** A device function of the host. */
export const planVfio: Planner<'vfio'> = ({ id, host }, { monitor, slots }) => {
  const slot = slots.take();
  const source = host.kind === 'pci' ? { host: host.address } : { sysfsdev: host.sysfsPath };
  const { bus, addr } = slot;
  return {
    steps: [deviceStep(monitor, { driver: 'vfio-pci', id: `vfio-${id}`, bus, addr, ...source, romfile: '' })],
    address: () => ({ pciPath: slot.pciPath }),
    release: () => slots.release(slot),
  };
};
