// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path';
import { Status } from 'nice-grpc-common';
import { describe, expect, test } from 'vitest';
import { shellOutput, writeText } from '../testing/agent-files.ts';
import { testedAgents } from '../testing/agent-harness.ts';
import { readAll, sleeper } from '../testing/ready-sandbox.ts';
import { refusal } from '../testing/refusal.ts';
import type { TestedAgentHarness } from '../testing/tested-agent.ts';
import { createRequest, testSpec } from '../testing/test-spec.ts';

/** A request for a container with one disk of the host, whose numbers there are another device's in the guest. */
function request({ rootfs }: TestedAgentHarness, args: readonly string[]) {
  const { linux } = testSpec(rootfs, args);
  return createRequest('c1', rootfs, args, {
    linux: {
      ...linux,
      devices: [{ path: '/dev/data', type: 'b', major: 8, minor: 0, fileMode: 0o600 }],
      resources: {
        devices: [
          { allow: false, access: 'rwm' },
          { allow: true, type: 'b', major: 8, minor: 0, access: 'r' },
        ],
      },
    },
  });
}

const malformed = [
  { title: 'no type', device: { containerPath: '/dev/data', id: '02' }, text: 'has no type' },
  { title: 'no container path', device: { type: 'blk', id: '02' }, text: 'no container path' },
  {
    title: 'no address',
    device: { type: 'blk', containerPath: '/dev/data' },
    text: 'neither id nor vm path',
  },
  {
    title: 'an unknown type',
    device: { type: 'tape', containerPath: '/dev/data', id: '02' },
    text: '"tape"',
  },
  {
    title: 'a bad PCI path',
    device: { type: 'blk', containerPath: '/dev/data', id: '02/' },
    text: 'invalid_request: PCI path',
  },
  {
    title: 'a bad SCSI address',
    device: { type: 'scsi', containerPath: '/dev/data', id: '0' },
    text: 'invalid_request: SCSI address',
  },
  {
    title: 'a bad mmio path',
    device: { type: 'mmioblk', containerPath: '/dev/data', vmPath: '/dev/null' },
    text: 'invalid_request',
  },
  {
    title: 'a bad path of persistent memory',
    device: { type: 'nvdimm', containerPath: '/dev/data', vmPath: '/dev/vda' },
    text: 'invalid_request',
  },
  {
    title: 'an address of s390x',
    device: { type: 'blk-ccw', containerPath: '/dev/data', id: '0.0.0005' },
    text: 's390x only',
  },
  {
    title: 'queues of s390x',
    device: { type: 'vfio-ap', containerPath: '/dev/z90crypt', id: 'ap', options: ['0a.003f'] },
    text: 's390x only',
  },
  {
    title: 'a malformed VFIO option',
    device: { type: 'vfio-pci', containerPath: '/dev/vfio/1', id: 'nic', options: ['x'] },
    text: 'malformed VFIO option',
  },
];

const absent = [
  { type: 'blk', id: '1e/1d' },
  { type: 'scsi', id: '200:200' },
  { type: 'mmioblk', vmPath: '/dev/vdzz' },
  { type: 'nvdimm', vmPath: '/dev/pmem99' },
  { type: 'vfio-pci-gk', id: 'nic', options: ['0000:3b:00.0=1e/1d'] },
];

const cdiFile = `
cdiVersion: 0.6.0
kind: hako.dev/test
containerEdits:
  env: [KIND=seen]
devices:
  - name: "0"
    containerEdits:
      env: [DEVICE=seen]
      deviceNodes:
        - path: /dev/nothing
          hostPath: /dev/null
`;

function cdiRequest({ rootfs }: TestedAgentHarness, device: string, args: readonly string[]) {
  return createRequest('c1', rootfs, args, { annotations: { 'cdi.k8s.io/test': device } });
}

describe.each(testedAgents)('CreateContainer with devices $title', ({ skip, kind, start }) => {
  test.skipIf(skip)('refuses devices that are malformed [INTERNAL]', async () => {
    await using harness = await start();
    const refusals = malformed.map(async ({ device, text }, index) => {
      const containerId = `c${index}`;
      await expect(
        harness.client.createContainer({ ...request(harness, sleeper), containerId, devices: [device] }),
      ).rejects.toMatchObject(refusal(Status.INTERNAL, text));
    });
    await Promise.all(refusals);
  });

  test.skipIf(skip)('refuses devices that never come, and makes nothing [INTERNAL]', async () => {
    await using harness = await start();
    const { client } = harness;
    // The first container of a sandbox is made alone.
    await client.createContainer(createRequest('first', harness.rootfs, sleeper));
    const refusals = absent.map(async (device, index) => {
      const containerId = `c${index}`;
      const devices = [{ ...device, containerPath: '/dev/data' }];
      await expect(
        client.createContainer({ ...request(harness, sleeper), containerId, devices }),
      ).rejects.toMatchObject(refusal(Status.INTERNAL, 'timed_out: Timeout after'));
      await expect(client.startContainer({ containerId })).rejects.toMatchObject(
        refusal(Status.INTERNAL, 'container_not_found'),
      );
    });
    await Promise.all(refusals);
  });

  test.skipIf(skip || kind === 'fake')('injects what CDI files of the guest say of a device', async () => {
    await using harness = await start();
    const { client } = harness;
    await writeText(harness, join(harness.paths.cdiDir, 'test.yaml'), cdiFile);
    const script = 'echo "$KIND $DEVICE"; echo gone > /dev/nothing && head -c 1 /dev/nothing | wc -c';
    await client.createContainer(cdiRequest(harness, 'hako.dev/test=0', ['sh', '-c', script]));
    await client.startContainer({ containerId: 'c1' });
    expect(await readAll(harness, { containerId: 'c1' })).toBe('seen seen\n0\n');
  });

  test.skipIf(skip)('refuses CDI devices that do not exist, and what names none [INTERNAL]', async () => {
    await using harness = await start();
    await writeText(harness, join(harness.paths.cdiDir, 'test.yaml'), cdiFile);
    for (const [device, text] of [
      ['hako.dev/test=1', 'device_failed: CDI devices hako.dev/test=1 do not exist'],
      ['hako.dev', 'invalid_request'],
    ] as const) {
      await expect(
        harness.client.createContainer(cdiRequest(harness, device, sleeper)),
      ).rejects.toMatchObject(refusal(Status.INTERNAL, text));
    }
  });

  const plugged = [
    { driver: 'virtio-blk' as const, type: 'blk' },
    { driver: 'virtio-scsi' as const, type: 'scsi' },
  ];
  test.skipIf(skip || kind !== 'guest').each(plugged)(
    'gives the container a plugged disk of $driver, which it may write to, under its numbers in the guest',
    async ({ driver, type }) => {
      await using harness = await start();
      const { client } = harness;
      const disk = await harness.machine!.plugDisk({ sizeMib: 8, driver });
      const id = type === 'blk' ? disk.pciPath : (disk.scsiAddress ?? '');
      const script = 'echo written > /dev/data && head -c 7 /dev/data && cat < /dev/data | wc -c';
      await client.createContainer({
        ...request(harness, ['sh', '-c', script]),
        devices: [{ type, id, containerPath: '/dev/data' }],
      });
      await client.startContainer({ containerId: 'c1' });
      expect(await readAll(harness, { containerId: 'c1' })).toBe(`written${8 * 1024 * 1024}\n`);
      await client.waitProcess({ containerId: 'c1' });
      await client.removeContainer({ containerId: 'c1' });
      await disk.unplug();
      // QEMU lets go of a SCSI disk without waiting for the guest.
      await expect
        .poll(() => shellOutput(harness, 'ls /sys/block | grep -c "^[sv]d" || true'), { timeout: 20_000 })
        .toBe('1\n');
    },
  );

  test.skipIf(skip || kind !== 'guest')('finds a disk that is plugged while it waits', async () => {
    await using harness = await start();
    const { client } = harness;
    // Where the next disk goes is known only once one has been there.
    const first = await harness.machine!.plugDisk({ sizeMib: 8, driver: 'virtio-blk' });
    await first.unplug();
    const creating = client.createContainer({
      ...request(harness, sleeper),
      devices: [{ type: 'blk', id: first.pciPath, containerPath: '/dev/data' }],
    });
    const second = await harness.machine!.plugDisk({ sizeMib: 8, driver: 'virtio-blk' });
    expect(second.pciPath).toBe(first.pciPath);
    await creating;
  });
});
