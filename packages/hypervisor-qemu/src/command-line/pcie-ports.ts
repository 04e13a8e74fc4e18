// SPDX-License-Identifier: Apache-2.0
import type { PciePorts } from '@hako/hypervisor';
import { portId, slotText } from './hotplug-places.ts';
import { optionList } from './option-list.ts';

/** Name of a switch's port and of the bus behind it; upstream's. */
export function switchPortId(index: number): string {
  return `swdp${index}`;
}

/** Slot of the port that the switch is behind, the last one of a PC that has no device of its own. */
export const switchSlot = 30;

/** Slot of a root port: they go down from the switch, for QEMU gives slots to other devices from the first one up. */
export function rootPortSlot(index: number): number {
  return switchSlot - 1 - index;
}

/** Arguments of a PC's ports for host devices. They are upstream's, with slots. */
export function pciePortArguments({ root = 0, switch: downstream = 0 }: PciePorts = {}): string[] {
  const devices = [
    ...Array.from({ length: root }, (_, index) =>
      rootPort({ id: portId(index), chassis: 0, slot: index, addr: rootPortSlot(index) }),
    ),
    ...(downstream === 0 ? [] : switchDevices(downstream)),
  ];
  return devices.flatMap((device) => ['-device', device]);
}

/** Half of the address space that QEMU leaves for large registers on a q35 (`pci-hole64-size`). */
const registerSpaceMib = 16 * 1024;

/**
 * Kernel words by which the guest keeps address space for what will be plugged: a bridge gets no more later on, and host
 * devices may have much memory to show. All hotplug bridges get the same (`hpmmioprefsize` of Linux).
 */
export function pciePortWords({ root = 0, switch: downstream = 0 }: PciePorts = {}): string[] {
  const ports = root + downstream;
  if (ports === 0) return [];
  // The bridge of all other devices is one, too.
  const share = 2 ** Math.floor(Math.log2(registerSpaceMib / (ports + 1)));
  return [`pci=hpmmioprefsize=${share}M`];
}

function switchDevices(ports: number): string[] {
  return [
    rootPort({ id: 'swrp0', chassis: 1, slot: 0, addr: switchSlot }),
    optionList('x3130-upstream', { id: 'swup0', bus: 'swrp0' }),
    ...Array.from({ length: ports }, (_, slot) =>
      optionList('xio3130-downstream', {
        id: switchPortId(slot),
        bus: 'swup0',
        chassis: 2,
        slot,
        addr: slotText(slot),
      }),
    ),
  ];
}

function rootPort(port: {
  readonly id: string;
  readonly chassis: number;
  readonly slot: number;
  readonly addr: number;
}): string {
  const { id, chassis, slot, addr } = port;
  const options = { id, bus: 'pcie.0', chassis, slot, multifunction: false, addr: slotText(addr) };
  return optionList('pcie-root-port', options);
}
