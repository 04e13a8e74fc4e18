// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { PluggableDevice } from '../hotplug/pluggable-device.ts';
import type { VirtualMachine, WaitOptions } from '../virtual-machine.ts';
import type { ComplianceGuest, ComplianceSubject } from './compliance.ts';

/** A disk that every machine can have: its kernel. */
function disk(subject: ComplianceSubject, id = 'data'): PluggableDevice<'block'> {
  return { kind: 'block', id, path: subject.config.kernelPath, readOnly: true };
}

const card: PluggableDevice<'network'> = {
  kind: 'network',
  id: 'net',
  mac: '02:00:00:00:00:01',
  backend: { kind: 'user', isolated: true },
};

const mebibyte = 1024 * 1024;

/** A guest that runs can let go of devices; one that boots cannot yet. */
async function waitUntilBooted(vm: VirtualMachine, boot: WaitOptions): Promise<void> {
  await vm.waitForAgent(async (signal) => {
    const stream = await vm.openAgentChannel({ signal });
    stream.write('ping');
    await once(stream, 'data', { signal });
  }, boot);
}

/** The part of the compliance suite about devices that come and go while the machine runs. */
export function describeHotplugCompliance(
  createSubject: (guest: ComplianceGuest) => Promise<ComplianceSubject>,
  boot: WaitOptions,
): void {
  describe('devices that come and go', () => {
    test('are plugged, listed, found, unplugged and gone, and ids and places are used again [proves vm.plug, vm.unplug, vm.pluggedDevices, plug block virtio-blk, unplug block virtio-blk, plug network user, unplug network user]', async () => {
      await using subject = await createSubject('echo');
      await using vm = await subject.hypervisor.createVm(subject.config);
      await vm.start();
      await waitUntilBooted(vm, boot);
      const [first, second] = await Promise.all([vm.plug(disk(subject)), vm.plug(card)]);
      expect(first.address.pciPath).toMatch(/^[\da-f]{2}(?:\/[\da-f]{2})*$/);
      expect(second.address.pciPath).not.toBe(first.address.pciPath);
      expect(vm.pluggedDevices).toEqual([first, second]);
      await vm.unplug('data', boot);
      expect(vm.pluggedDevices).toEqual([second]);
      await expect(vm.unplug('data')).rejects.toMatchObject({ code: 'device_missing', operand: 'data' });
      expect((await vm.plug(disk(subject))).address).toEqual(first.address);
      await vm.unplug('net', boot);
    });

    test('one id is one device', async () => {
      await using subject = await createSubject('silent');
      await using vm = await subject.hypervisor.createVm(subject.config);
      await vm.start();
      const [, second] = await Promise.allSettled([vm.plug(disk(subject)), vm.plug(disk(subject))]);
      expect(second).toMatchObject({
        status: 'rejected',
        reason: { code: 'device_exists', operand: 'data' },
      });
      expect(vm.pluggedDevices).toHaveLength(1);
    });

    test('cpus and memory come within the maxima of the machine, and their threads are told [proves plug vcpus, plug memory, vm.vcpuThreads]', async () => {
      await using subject = await createSubject('silent');
      const { hypervisor, config } = subject;
      const maxima = { maximumVcpus: 3, maximumMemoryMib: config.memoryMib + 256 };
      await using vm = await hypervisor.createVm({ ...config, ...maxima });
      await vm.start();
      const cpus = await vm.plug({ kind: 'vcpus', id: 'cpus', count: 1 });
      expect(cpus.address).toEqual({ totalVcpus: 2 });
      expect((await vm.vcpuThreads()).map(({ index }) => index)).toEqual([0, 1]);
      const memory = await vm.plug({ kind: 'memory', id: 'memory', sizeMib: 128 });
      expect(memory.address.physicalAddress).toBeGreaterThan(0n);
      const tooMany = vm.plug({ kind: 'vcpus', id: 'too-many', count: 2 });
      await expect(tooMany).rejects.toMatchObject({ code: 'no_free_slot', operand: 'count' });
      const tooMuch = vm.plug({ kind: 'memory', id: 'too-much', sizeMib: 256 });
      await expect(tooMuch).rejects.toMatchObject({ code: 'no_free_slot', operand: 'sizeMib' });
      expect(vm.pluggedDevices.map(({ device }) => device.id)).toEqual(['cpus', 'memory']);
    });

    test('the capabilities say what can be plugged [proves hypervisor.capabilities]', async () => {
      await using subject = await createSubject('silent');
      const { hypervisor, config } = subject;
      const says = hypervisor.capabilities();
      const maxima = {
        ...(says.vcpuHotplug && { maximumVcpus: config.vcpus + 1 }),
        ...(says.memoryHotplug && { maximumMemoryMib: config.memoryMib + 128 }),
      };
      await using vm = await hypervisor.createVm({ ...config, ...maxima });
      await vm.start();
      const devices: readonly (readonly [boolean, PluggableDevice])[] = [
        [says.blockDeviceHotplug, disk(subject)],
        [says.networkDeviceHotplug, card],
        [says.vcpuHotplug, { kind: 'vcpus', id: 'cpus', count: 1 }],
        [says.memoryHotplug, { kind: 'virtio-mem', id: 'grow', capacityMib: 128 }],
      ];
      for (const [isPossible, device] of devices) {
        if (isPossible) await vm.plug(device);
        else await expect(vm.plug(device)).rejects.toMatchObject({ code: 'unsupported' });
      }
    });

    test('memory grows and shrinks within a device that stays [proves plug virtio-mem, vm.resizeMemory]', async () => {
      await using subject = await createSubject('echo');
      const { hypervisor, config } = subject;
      await using vm = await hypervisor.createVm({ ...config, maximumMemoryMib: config.memoryMib + 256 });
      await vm.start();
      await waitUntilBooted(vm, boot);
      await vm.plug({ kind: 'virtio-mem', id: 'grow', capacityMib: 256 });
      await vm.resizeMemory('grow', 256, boot);
      await vm.resizeMemory('grow', 0, boot);
      await expect(vm.resizeMemory('grow', 260)).rejects.toMatchObject({ code: 'invalid_device' });
      await expect(vm.resizeMemory('shrink', 4)).rejects.toMatchObject({ code: 'device_missing' });
      await expect(vm.unplug('grow')).rejects.toMatchObject({ code: 'unsupported' });
    });

    test('a plugged disk grows, and loses nothing [proves vm.resizeBlock]', async () => {
      await using subject = await createSubject('echo');
      const { hypervisor, config } = subject;
      const path = join(config.runDir, 'disk.img');
      await writeFile(path, Buffer.alloc(mebibyte, 'hello'));
      await using vm = await hypervisor.createVm(config);
      await vm.start();
      await waitUntilBooted(vm, boot);
      await vm.plug({ kind: 'block', id: 'disk', path, readOnly: false });
      await vm.resizeBlock('disk', 4 * mebibyte, boot);
      await vm.resizeBlock('disk', 4 * mebibyte, boot);
      const content = await readFile(path);
      expect(content.byteLength).toBe(4 * mebibyte);
      expect(content.subarray(0, 5).toString()).toBe('hello');
      await vm.plug(disk(subject));
      const refusals = [
        { id: 'disk', sizeBytes: mebibyte, code: 'invalid_device', operand: 'sizeBytes' },
        { id: 'disk', sizeBytes: 4 * mebibyte + 1, code: 'invalid_device', operand: 'sizeBytes' },
        { id: 'data', sizeBytes: 1024 * mebibyte, code: 'invalid_device', operand: 'readOnly' },
        { id: 'none', sizeBytes: 8 * mebibyte, code: 'device_missing', operand: 'none' },
      ];
      for (const { id, sizeBytes, ...error } of refusals)
        await expect(vm.resizeBlock(id, sizeBytes)).rejects.toMatchObject(error);
      expect((await readFile(path)).byteLength).toBe(4 * mebibyte);
      await vm.unplug('disk', boot);
    });

    test('what the machine uses on the host is told [proves vm.usage]', async () => {
      await using subject = await createSubject('silent');
      await using vm = await subject.hypervisor.createVm(subject.config);
      await vm.start();
      const { threads, openFiles, residentBytes } = await vm.usage();
      for (const figure of [threads, openFiles, residentBytes]) expect(figure).toBeGreaterThan(0);
    });

    describe('bad devices are refused before anything is changed', () => {
      const socketPath = '/run/peer.sock';
      const cases: readonly {
        readonly what: string;
        readonly device: PluggableDevice;
        readonly operand: string;
      }[] = [
        { what: 'an id with a slash', device: { ...card, id: 'a/b' }, operand: 'id' },
        { what: 'an id of 32 characters', device: { ...card, id: 'x'.repeat(32) }, operand: 'id' },
        { what: 'a multicast mac', device: { ...card, mac: '03:00:00:00:00:01' }, operand: 'mac' },
        {
          what: 'a tap name with an option in it',
          device: { ...card, backend: { kind: 'tap', interfaceName: 'tap0,vhost=on' } },
          operand: 'interfaceName',
        },
        {
          what: 'a port beyond the last',
          device: {
            ...card,
            backend: { kind: 'user', forwards: [{ protocol: 'tcp', hostPort: 65_536, guestPort: 80 }] },
          },
          operand: 'hostPort',
        },
        {
          what: 'a host address that is none',
          device: {
            ...card,
            backend: {
              kind: 'user',
              forwards: [{ protocol: 'tcp', hostAddress: '0.0.0.0-:1', hostPort: 80, guestPort: 80 }],
            },
          },
          operand: 'hostAddress',
        },
        {
          what: 'a disk without absolute path',
          device: { kind: 'block', id: 'data', path: 'disk.img', readOnly: true },
          operand: 'path',
        },
        {
          what: 'a disk with native asynchronous access through the page cache',
          device: { kind: 'block', id: 'data', path: '/disk.img', readOnly: true, aio: 'native' },
          operand: 'aio',
        },
        {
          what: 'a shared directory of a machine without shared memory',
          device: { kind: 'virtio-fs', id: 'share', tag: 'share', socketPath },
          operand: 'sharedMemory',
        },
        {
          what: 'a tag of 37 bytes',
          device: { kind: 'virtio-fs', id: 'share', tag: 'x'.repeat(37), socketPath },
          operand: 'tag',
        },
        {
          what: 'a host function without domain',
          device: { kind: 'vfio', id: 'gpu', host: { kind: 'pci', address: '3b:00.0' } },
          operand: 'address',
        },
        { what: 'no cpus', device: { kind: 'vcpus', id: 'more', count: 0 }, operand: 'count' },
        {
          what: 'memory that is not whole blocks',
          device: { kind: 'memory', id: 'more', sizeMib: 100 },
          operand: 'sizeMib',
        },
        {
          what: 'more memory than the device has',
          device: { kind: 'virtio-mem', id: 'grow', capacityMib: 128, requestedMib: 132 },
          operand: 'requestedMib',
        },
      ];
      test.for(cases)('$what', async ({ device, operand }) => {
        await using subject = await createSubject('silent');
        await using vm = await subject.hypervisor.createVm(subject.config);
        await vm.start();
        await expect(vm.plug(device)).rejects.toMatchObject({ code: 'invalid_device', operand });
        expect(vm.pluggedDevices).toEqual([]);
      });
    });

    test('an abort keeps a device from coming', async () => {
      await using subject = await createSubject('silent');
      await using vm = await subject.hypervisor.createVm(subject.config);
      await vm.start();
      await expect(vm.plug(disk(subject), { signal: AbortSignal.abort() })).rejects.toMatchObject({
        code: 'aborted',
      });
      expect(vm.pluggedDevices).toEqual([]);
      await vm.plug(disk(subject));
    });

    test('nothing comes or goes while the machine does not run', async () => {
      await using subject = await createSubject('silent');
      await using vm = await subject.hypervisor.createVm(subject.config);
      const refused = async () => {
        await expect(vm.plug(disk(subject))).rejects.toMatchObject({ code: 'invalid_state' });
        await expect(vm.unplug('data')).rejects.toMatchObject({ code: 'invalid_state' });
        await expect(vm.resizeMemory('grow', 0)).rejects.toMatchObject({ code: 'invalid_state' });
        await expect(vm.resizeBlock('data', mebibyte)).rejects.toMatchObject({ code: 'invalid_state' });
        await expect(vm.vcpuThreads()).rejects.toMatchObject({ code: 'invalid_state' });
        await expect(vm.usage()).rejects.toMatchObject({ code: 'invalid_state' });
      };
      await refused();
      await vm.start();
      await vm.plug(disk(subject));
      await vm.pause();
      await expect(vm.unplug('data')).rejects.toMatchObject({ code: 'invalid_state' });
      await vm.plug(card);
      await vm.stop();
      await refused();
    });
  });
}
