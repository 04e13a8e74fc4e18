// SPDX-License-Identifier: Apache-2.0
import { Status } from 'nice-grpc-common';
import { describe, expect, test, vi } from 'vitest';
import { type FakeAgentHarness, startFakeAgent } from '../testing/agent-harness.ts';
import { sleeper } from '../testing/ready-sandbox.ts';
import { refusal } from '../testing/refusal.ts';
import { createRequest, execRequest, testSpec } from '../testing/test-spec.ts';

const disk = { type: 'blk', id: '05', containerPath: '/dev/data' };

/** A request for a container that has one device of the host. */
function request({ rootfs }: FakeAgentHarness, device: { path: string; type: string }, env: string[] = []) {
  const { linux, process } = testSpec(rootfs, sleeper);
  return createRequest('c1', rootfs, sleeper, {
    process: { cwd: '/', ...process, env },
    linux: {
      ...linux,
      devices: [{ ...device, major: 8, minor: 0 }],
      resources: { devices: [{ allow: true, type: device.type, major: 8, minor: 0, access: 'r' }] },
    },
  });
}

describe('CreateContainer with devices on a fake machine', () => {
  test('gives the container the numbers a disk has in the guest', async () => {
    await using harness = await startFakeAgent();
    await harness.devices.appearDisk(5, 'vdb', '254:16');
    await harness.client.createContainer({
      ...request(harness, { path: '/dev/data', type: 'b' }),
      devices: [disk],
    });
    const { linux } = harness.runtime.containers.get('c1')!.spec;
    expect(linux?.devices).toMatchObject([{ path: '/dev/data', type: 'b', major: 254, minor: 16 }]);
    expect(linux?.resources?.devices).toMatchObject([
      { allow: true, type: 'b', major: 254, minor: 16, access: 'r' },
      { allow: true, type: 'b', major: 254, minor: 16, access: 'rwm' },
    ]);
  });

  test('lets it and further processes know where passed devices are', async () => {
    await using harness = await startFakeAgent();
    const { client, devices, runtime } = harness;
    await devices.appear('pci', { 'sys/devices/pci0000:00/0000:00:06.0/vendor': '' });
    const passed = { type: 'vfio-pci-gk', id: 'nic', containerPath: '/dev/x', options: ['0000:3b:02.1=06'] };
    await client.createContainer({
      ...request(harness, { path: '/dev/data', type: 'b' }, ['PCIDEVICE_X=0000:3b:02.1']),
      devices: [passed],
    });
    await client.startContainer({ containerId: 'c1' });
    const exec = vi.spyOn(runtime, 'exec');
    await client.execProcess(
      execRequest('c1', 'e1', ['sleep'], {
        Env: ['PATH=/bin', 'PCIDEVICE_X=0000:3b:02.1', 'A=0000:3b:02.1'],
      }),
    );
    expect(runtime.containers.get('c1')!.spec.process?.env).toContain('PCIDEVICE_X=0000:00:06.0');
    expect(exec.mock.lastCall?.[0].process.env).toEqual([
      'PATH=/bin',
      'PCIDEVICE_X=0000:00:06.0',
      'A=0000:3b:02.1',
    ]);
  });

  test.each([
    { title: 'a device twice', devices: [disk, disk], text: 'two devices have the container path' },
    {
      title: 'a device it does not have',
      devices: [{ ...disk, containerPath: '/dev/other' }],
      text: 'has no device',
    },
  ])('refuses a specification with $title [INTERNAL]', async ({ devices, text }) => {
    await using harness = await startFakeAgent();
    await harness.devices.appearDisk(5, 'vdb', '254:16');
    await expect(
      harness.client.createContainer({ ...request(harness, { path: '/dev/data', type: 'b' }), devices }),
    ).rejects.toMatchObject(refusal(Status.INTERNAL, text));
    expect(harness.runtime.calls).toEqual([]);
  });
});
