// SPDX-License-Identifier: Apache-2.0
import type { PluggableDevice as VmDevice, PluggedDevice } from '@hako/hypervisor';
import { HypervisorError } from '@hako/hypervisor';
import { describe, expect, test } from 'vitest';
import { DeviceManager } from './device-manager.ts';
import type { BlockDrive, PluggableDevice, VfioDevice, VhostUserDevice } from './pluggable-device.ts';
import { vmReceiver, type PluggingVm } from './vm-receiver.ts';

const signal = AbortSignal.timeout(60_000);

/** A machine that takes everything, and remembers it. */
class OpenVm implements PluggingVm {
  readonly devices = new Map<string, VmDevice>();
  refuses: Error | undefined;

  async plug<Device extends VmDevice>(device: Device): Promise<PluggedDevice<Device>> {
    if (this.refuses !== undefined) throw this.refuses;
    this.devices.set(device.id, device);
    const pciPath = `02/${this.devices.size.toString(16).padStart(2, '0')}`;
    const address =
      device.kind === 'block' && device.driver === 'virtio-scsi'
        ? { pciPath, scsiAddress: '0:7' }
        : { pciPath };
    return { device, address } as PluggedDevice<Device>;
  }

  async unplug(id: string): Promise<void> {
    this.devices.delete(id);
  }
}

const drive: BlockDrive = {
  kind: 'block',
  id: 'drive-1',
  file: '/data/disk.img',
  driver: 'virtio-blk',
  format: 'raw',
  index: 0,
  readOnly: true,
  discardUnmap: true,
  pmem: false,
};
const vhostUser = { id: 'peer-1', socketPath: '/run/peer.sock', reconnectSeconds: 5 } as const;
const vfio: VfioDevice = {
  kind: 'vfio',
  id: 'vfio-1',
  type: 'pci',
  name: '0000:3b:00.0',
  sysfsPath: '/sys/bus/pci/devices/0000:3b:00.0',
  hostPath: '/dev/vfio/12',
  numaNode: -1,
  isPcie: true,
  port: 'root-port',
  apQueues: [],
};
const net: VhostUserDevice = { ...vhostUser, kind: 'vhost-user-net', macAddress: '02:00:00:00:00:AA' };

describe('vmReceiver', () => {
  test.for<{ readonly what: string; readonly device: PluggableDevice; readonly expected: VmDevice }>([
    {
      what: 'a disk',
      device: drive,
      expected: {
        kind: 'block',
        id: 'drive-1',
        path: '/data/disk.img',
        readOnly: true,
        driver: 'virtio-blk',
        discard: true,
      },
    },
    {
      what: 'a vhost-user disk',
      device: { ...vhostUser, kind: 'vhost-user-blk' },
      expected: { ...vhostUser, kind: 'vhost-user-blk' },
    },
    {
      what: 'a vhost-user controller',
      device: { ...vhostUser, kind: 'vhost-user-scsi' },
      expected: { kind: 'vhost-user-scsi', id: 'peer-1', socketPath: '/run/peer.sock' },
    },
    {
      what: 'a vhost-user card',
      device: net,
      expected: {
        kind: 'network',
        id: 'peer-1',
        mac: '02:00:00:00:00:aa',
        backend: { kind: 'vhost-user', socketPath: '/run/peer.sock' },
      },
    },
    {
      what: 'a vhost-user directory',
      device: { ...vhostUser, kind: 'vhost-user-fs', tag: 'share', queueSize: 512 },
      expected: {
        kind: 'virtio-fs',
        id: 'peer-1',
        socketPath: '/run/peer.sock',
        tag: 'share',
        queueSize: 512,
      },
    },
    {
      what: 'a host function for a port',
      device: vfio,
      expected: {
        kind: 'vfio',
        id: 'vfio-1',
        host: { kind: 'pci', address: '0000:3b:00.0' },
        port: 'root-port',
      },
    },
    ...[
      { what: 'a host function for the bridge', device: { ...vfio, port: 'bridge-port' } as const },
      { what: 'a conventional PCI function', device: { ...vfio, isPcie: false } },
    ].map((each) => ({
      ...each,
      expected: { kind: 'vfio', id: 'vfio-1', host: { kind: 'pci', address: '0000:3b:00.0' } } as const,
    })),
    {
      what: 'a mediated device',
      device: { ...vfio, type: 'mediated', sysfsPath: '/sys/bus/mdev/devices/x' },
      expected: {
        kind: 'vfio',
        id: 'vfio-1',
        host: { kind: 'mediated', sysfsPath: '/sys/bus/mdev/devices/x' },
      },
    },
  ])(
    '$what is plugged in the words of the machine, and unplugged by its id',
    async ({ device, expected }) => {
      const vm = new OpenVm();
      const receiver = vmReceiver(vm);
      expect(await receiver.hotplug(device, { signal })).toEqual({ pciPath: '02/01' });
      expect([...vm.devices.values()]).toEqual([expected]);
      await receiver.unplug({ device, address: {} }, { signal });
      expect(vm.devices.size).toBe(0);
    },
  );

  test.for<{ readonly what: string; readonly device: PluggableDevice }>([
    { what: 'an NVDIMM', device: { ...drive, driver: 'nvdimm' } },
    { what: 'a memory-mapped disk', device: { ...drive, driver: 'virtio-mmio' } },
    { what: 'a channel disk', device: { ...drive, driver: 'virtio-blk-ccw' } },
    { what: 'a disk of another format', device: { ...drive, format: 'qcow2' } },
    { what: 'a crypto adapter', device: { ...vfio, type: 'ap' } },
    { what: 'a DAX window', device: { ...vhostUser, kind: 'vhost-user-fs', tag: 'share', cacheMib: 64 } },
  ])('$what is refused before the machine sees it', async ({ device }) => {
    const vm = new OpenVm();
    const plug = vmReceiver(vm).hotplug(device, { signal });
    await expect(plug).rejects.toMatchObject({ code: 'invalid_device', device: device.id });
    expect(vm.devices.size).toBe(0);
  });

  test('nothing is added to the configuration of a machine that runs', async () => {
    const append = vmReceiver(new OpenVm()).append(drive, { signal });
    await expect(append).rejects.toMatchObject({ code: 'invalid_device' });
  });

  test('under a manager, the agent is told the address that the machine chose; a refusal leaves no attachment', async () => {
    const vm = new OpenVm();
    const manager = new DeviceManager({ receiver: vmReceiver(vm) }, { blockDriver: 'virtio-scsi' });
    const info = {
      containerPath: '/dev/data',
      type: 'b',
      major: -1,
      minor: 0,
      hostPath: '/data/disk.img',
    } as const;
    const device = await manager.newDevice(info);
    vm.refuses = new HypervisorError('no_free_slot', 'full');
    await expect(manager.attachDevice(device.id)).rejects.toMatchObject({
      code: 'attach_failed',
      cause: vm.refuses,
    });
    expect(device.attachCount).toBe(0);
    vm.refuses = undefined;
    await manager.attachDevice(device.id);
    const messages = manager.agentDevices([{ id: device.id, containerPath: '/dev/data' }]);
    expect(messages).toMatchObject([{ type: 'scsi', id: '0:7', containerPath: '/dev/data' }]);
    await manager.detachDevice(device.id);
    expect(vm.devices.size).toBe(0);
  });
});
