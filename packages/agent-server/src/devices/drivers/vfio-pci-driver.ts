// SPDX-License-Identifier: Apache-2.0
import { basename, join } from 'node:path';
import type { Device } from '@hako/protocols/agent';
import { AgentError } from '../../errors/agent-error.ts';
import { bindPciDriver } from '../bind-pci-driver.ts';
import type { DeviceContext, DeviceDriver } from '../device-driver.ts';
import { pciDevice } from '../matchers/pci-device.ts';
import { vfioGroup } from '../matchers/vfio-group.ts';
import { normalizePciAddress } from '../pci-address.ts';
import { linkedName } from '../sysfs.ts';

/** A function of a device that was passed through to the guest. */
interface PassedFunction {
  /** Address on the host. */
  readonly host: string;
  /** Directory in the guest's sysfs. */
  readonly dir: string;
}

function fail(device: Device, problem: string): never {
  throw new AgentError('device_failed', problem, { operand: device.containerPath });
}

/** Waits for the functions a device names in its options: `<address on the host>=<PCI path in the guest>`. */
async function waitForFunctions(device: Device, context: DeviceContext): Promise<readonly PassedFunction[]> {
  const { devices, logger, signal } = context;
  const functions: PassedFunction[] = [];
  for (const option of device.options) {
    const [hostText = '', path, ...rest] = option.split('=');
    if (path === undefined || rest.length > 0)
      fail(device, `malformed VFIO option ${JSON.stringify(option)}`);
    const host = normalizePciAddress(hostText);
    if (path === '') logger.warn({ host }, 'a VFIO device has no path in the guest');
    else functions.push({ host, dir: await devices.wait(pciDevice(path), { signal }) });
  }
  return functions;
}

const addressesOf = (functions: readonly PassedFunction[]) =>
  new Map(functions.map(({ host, dir }) => [host, basename(dir)]));

/** A PCI device that the guest's kernel drives; the container uses what that driver offers. */
export const guestKernelVfioDriver: DeviceDriver = {
  type: 'vfio-pci-gk',
  async resolve(device, context) {
    const functions = await waitForFunctions(device, context);
    return { containerPath: device.containerPath, node: undefined, pciAddresses: addressesOf(functions) };
  },
};

/** A PCI device that the container drives itself, by VFIO in the guest. All its functions share one IOMMU group. */
export const vfioPciDriver: DeviceDriver = {
  type: 'vfio-pci',
  async resolve(device, context) {
    const { devices, signal } = context;
    const functions = await waitForFunctions(device, context);
    const groups = new Set<string>();
    for (const { dir } of functions) {
      await bindPciDriver(devices, dir, 'vfio-pci');
      const group = await linkedName(join(dir, 'iommu_group'));
      if (group === undefined) fail(device, `PCI device ${basename(dir)} has no IOMMU group`);
      groups.add(group);
      if (groups.size > 1) fail(device, `PCI device ${basename(dir)} is in another IOMMU group`);
    }
    const [group] = groups;
    if (group === undefined)
      fail(device, `VFIO device ${device.containerPath} has no functions in the guest`);
    const number = await devices.wait(vfioGroup(group), { signal });
    return {
      containerPath: device.containerPath,
      node: { type: 'c', ...number, path: `/dev/vfio/${group}` },
      pciAddresses: addressesOf(functions),
    };
  },
};
