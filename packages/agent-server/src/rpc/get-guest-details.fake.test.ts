// SPDX-License-Identifier: Apache-2.0
import { Status } from 'nice-grpc-common';
import { describe, expect, test } from 'vitest';
import { startFakeAgent } from '../testing/agent-harness.ts';
import { refusal } from '../testing/refusal.ts';

const memory = 'sys/devices/system/memory';
const everything = { memBlockSize: true, memHotplugProbe: true };

describe('GetGuestDetails on a fake machine', () => {
  test.each([
    { title: '128 MiB', text: '8000000\n', bytes: 0x800_0000n },
    { title: '2 GiB', text: '80000000', bytes: 0x8000_0000n },
    { title: 'beyond 2^53', text: 'FfffFfffFfffFfff', bytes: 2n ** 64n - 1n },
  ])('reads the size of a memory block: $title', async ({ text, bytes }) => {
    await using harness = await startFakeAgent();
    await harness.devices.appear('memory', { [`${memory}/block_size_bytes`]: text, [`${memory}/probe`]: '' });
    expect(await harness.client.getGuestDetails(everything)).toMatchObject({
      memBlockSizeBytes: bytes,
      supportMemHotplugProbe: true,
    });
    expect(await harness.client.getGuestDetails({})).toMatchObject({
      memBlockSizeBytes: 0n,
      supportMemHotplugProbe: false,
    });
  });

  test('names every handler of the API', async () => {
    await using harness = await startFakeAgent();
    const { agentDetails } = await harness.client.getGuestDetails({});
    expect(agentDetails?.deviceHandlers).toEqual(
      expect.arrayContaining([
        'blk',
        'blk-ccw',
        'mmioblk',
        'nvdimm',
        'scsi',
        'vfio-ap',
        'vfio-ap-cold',
        'vfio-pci',
        'vfio-pci-gk',
      ]),
    );
    expect(agentDetails?.storageHandlers).toEqual(
      expect.arrayContaining(['blk', 'ephemeral', 'local', 'nvdimm', 'overlayfs', 'scsi', 'virtio-fs']),
    );
  });

  test('says 0 where memory cannot be plugged', async () => {
    await using harness = await startFakeAgent();
    expect(await harness.client.getGuestDetails(everything)).toMatchObject({
      memBlockSizeBytes: 0n,
      supportMemHotplugProbe: false,
    });
  });

  test.each(['', '0x8000000', 'many', '-1', '12345678901234567'])(
    'refuses a size that is no number: %j [INTERNAL]',
    async (text) => {
      await using harness = await startFakeAgent();
      await harness.devices.appear('memory', { [`${memory}/block_size_bytes`]: text });
      await expect(harness.client.getGuestDetails(everything)).rejects.toMatchObject(
        refusal(Status.INTERNAL, 'system_failed'),
      );
    },
  );
});
