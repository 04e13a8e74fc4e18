// SPDX-License-Identifier: Apache-2.0
import type { Device } from '@hako/protocols/agent';
import type { DeviceDriver } from '../device-driver.ts';
import type { BlockAddress } from '../guest-devices.ts';

function diskDriver(type: string, addressOf: (device: Device) => BlockAddress): DeviceDriver {
  return {
    type,
    async resolve(device, { devices, signal }) {
      const { major, minor } = await devices.wait(devices.blockQuery(addressOf(device)), { signal });
      return { containerPath: device.containerPath, node: { type: 'b', major, minor } };
    },
  };
}

/** Disks of a container, each kind by the address hosts give for it. */
export const diskDrivers: readonly DeviceDriver[] = [
  diskDriver('blk', ({ id }) => ({ kind: 'pci', path: id })),
  diskDriver('scsi', ({ id }) => ({ kind: 'scsi', address: id })),
  diskDriver('mmioblk', ({ vmPath }) => ({ kind: 'mmio', path: vmPath })),
  diskDriver('nvdimm', ({ vmPath }) => ({ kind: 'pmem', path: vmPath })),
  diskDriver('blk-ccw', ({ id }) => ({ kind: 'ccw', id })),
];
