// SPDX-License-Identifier: Apache-2.0
import { deviceStep } from './device-step.ts';
import { planInSlot } from './plan-in-slot.ts';
import type { Planner } from './plug-plan.ts';

/** A device function of the host. */
export const planVfio: Planner<'vfio'> = ({ id, host }, { monitor, slots }) => {
  const source = host.kind === 'pci' ? { host: host.address } : { sysfsdev: host.sysfsPath };
  return planInSlot(slots, ({ bus, addr }) => [
    deviceStep(monitor, { driver: 'vfio-pci', id: `vfio-${id}`, bus, addr, ...source, romfile: '' }),
  ]);
};
