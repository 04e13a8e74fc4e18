// SPDX-License-Identifier: Apache-2.0
import type { DevicePlugging, VmConfig } from '@hako/hypervisor';

import { machineProfile } from '../command-line/machine-profile.ts';
import { QemuHotplug } from '../hotplug/qemu-hotplug.ts';
import { QmpClient } from '../qmp/qmp-client.ts';
import { FakeQmpMachine } from './fake-qmp-machine.ts';

/** The driver's hotplug over a machine that only answers its commands. */
export interface ScriptedHotplug extends Disposable {
  readonly machine: FakeQmpMachine;
  readonly vm: Pick<DevicePlugging, 'plug' | 'unplug'>;
}

const config: VmConfig = {
  id: 'box-1',
  runDir: '/run/hako/box-1',
  kernelPath: '/assets/vmlinux',
  kernelParameters: [],
  vcpus: 1,
  memoryMib: 512,
  sharedMemory: true,
  devices: [],
  agentChannel: 'virtio-serial',
  accelerator: 'auto',
  pciePorts: { root: 2 },
};

/** Makes a {@link ScriptedHotplug} of a q35 machine with shared memory, two root ports and no devices. */
export async function scriptedHotplug(): Promise<ScriptedHotplug> {
  const machine = new FakeQmpMachine({ cpus: { present: 1, places: 1 } });
  const monitor = await QmpClient.connect(machine.server.clientEnd);
  const hotplug = new QemuHotplug({ monitor, config, machine: machineProfile('q35'), accelerator: 'kvm' });
  return {
    machine,
    vm: {
      plug: (device, options = {}) => hotplug.plug(device, options),
      unplug: (id, options = {}) => hotplug.unplug(id, options),
    },
    [Symbol.dispose]: () => monitor[Symbol.dispose](),
  };
}
