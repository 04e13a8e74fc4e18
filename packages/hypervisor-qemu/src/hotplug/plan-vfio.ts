// SPDX-License-Identifier: Apache-2.0
import { deviceStep } from './device-step.ts';
import type { PciSlot } from './pci-slots.ts';
import { planInSlot } from './plan-in-slot.ts';
import type { Planner } from './plug-plan.ts';

/** A device function of the host. */
export const planVfio: Planner<'vfio'> = ({ id, host, port }, { monitor, slots }) => {
  const source = host.kind === 'pci' ? { host: host.address } : { sysfsdev: host.sysfsPath };
  const steps = ({ bus, addr }: PciSlot) => [
    deviceStep(monitor, { driver: 'vfio-pci', id: `vfio-${id}`, bus, addr, ...source, romfile: '' }),
  ];
  return planInSlot(slots, steps, port);
};
