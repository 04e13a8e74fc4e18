// SPDX-License-Identifier: Apache-2.0
import type { PciePort } from '@hako/hypervisor';
import type { PciSlot, PciSlots } from './pci-slots.ts';
import type { PlugPlace } from './plug-plan.ts';
import type { PlugStep } from './plug-step.ts';

/** A plan for any kind of device that the guest finds by its PCI path alone. */
export interface SlotPlan {
  readonly steps: readonly PlugStep[];
  readonly address: () => { readonly pciPath: string };
  readonly place: PlugPlace;
  readonly release: () => void;
}

/**
 * Plans a device in a PCI slot of its own, which goes back when the plan is released.
 *
 * @param steps - Makes the steps for the slot.
 * @param port - Default: the place of all devices.
 * @throws HypervisorError `no_free_slot`
 */
export function planInSlot(
  slots: PciSlots,
  steps: (slot: PciSlot) => readonly PlugStep[],
  port?: PciePort,
): SlotPlan {
  const slot = slots.take(port);
  return {
    steps: steps(slot),
    address: () => ({ pciPath: slot.pciPath }),
    place: { pciPath: slot.pciPath },
    release: () => slots.release(slot),
  };
}
