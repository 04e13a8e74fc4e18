// SPDX-License-Identifier: Apache-2.0
import { optionList } from './option-list.ts';

/**
 * Where a machine takes devices while it runs.
 *
 * - `bridge`: one conventional PCI bridge, announced by ACPI
 * - `ports`: PCI Express root ports, one device each, for machines whose guests see no ACPI
 * - `none`: nowhere
 */
export type HotplugPlaces = 'bridge' | 'ports' | 'none';

/** Id of the bridge, which is the name of the bus behind it too. */
export const bridgeId = 'pci-bridge-0';
/** Slot of the bridge on the root bus; upstream's. */
export const bridgeSlot = 2;
/** Slot behind the bridge that the random number generator has; those below it are free. */
export const residentSlot = 31;
/** Root ports of a machine that has no bridge. */
export const portCount = 8;
/** Slot of the first root port, above those that QEMU gives to the devices of the boot. */
export const firstPortSlot = 16;

/** Name of a root port and of the bus behind it; upstream's. */
export function portId(index: number): string {
  return `rp${index}`;
}

/** A slot as QEMU reads it, which is hexadecimal. */
export function slotText(slot: number): string {
  return `0x${slot.toString(16)}`;
}

/** Arguments of the bridge or the ports. They stand before all other devices, which would take the slots. */
export function hotplugArguments(places: HotplugPlaces): string[] {
  switch (places) {
    case 'none':
      return [];
    case 'bridge':
      // The standard hotplug controller is off, so that the guest does not have two ways to the same event.
      return [
        '-device',
        optionList('pci-bridge', {
          bus: 'pcie.0',
          id: bridgeId,
          chassis_nr: 1,
          shpc: 'off',
          addr: bridgeSlot,
        }),
      ];
    case 'ports':
      return Array.from({ length: portCount }, (_, index) => {
        const addr = slotText(firstPortSlot + index);
        return [
          '-device',
          optionList('pcie-root-port', { id: portId(index), bus: 'pcie.0', chassis: index + 1, addr }),
        ];
      }).flat();
    default:
      return places satisfies never;
  }
}

/**
 * Options of the device that lives behind the bridge from the start. Without a firmware that reserves some, the guest
 * gives a bridge as much address space as the devices behind it need at boot, in steps of 1 MiB: so there must be one,
 * and then there is room for all slots. Devices behind the bridge are no PCI Express devices; `disable-legacy` keeps them
 * from asking for ports, of which there are none.
 */
export function residentOptions(places: HotplugPlaces): Readonly<Record<string, string>> {
  if (places !== 'bridge') return {};
  return { bus: bridgeId, addr: slotText(residentSlot), 'disable-legacy': 'on' };
}
