// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest';
import { deviceDrivers } from '../devices/device-drivers.ts';
import { createStorageDrivers } from '../storage/storage-drivers.ts';
import { pathExists, readText } from '../testing/agent-files.ts';
import { testedAgents } from '../testing/agent-harness.ts';
import { agentVersion } from '../version.ts';

const memory = '/sys/devices/system/memory';

describe.each(testedAgents)('GetGuestDetails $title', ({ skip, kind, start }) => {
  test.skipIf(skip)('tells what the agent can do', async () => {
    await using harness = await start();
    expect(await harness.client.getGuestDetails({})).toEqual({
      memBlockSizeBytes: 0n,
      supportMemHotplugProbe: false,
      agentDetails: {
        version: agentVersion,
        initDaemon: kind !== 'crun',
        deviceHandlers: [...deviceDrivers.keys()],
        storageHandlers: [...createStorageDrivers().keys()],
        supportsSeccomp: true,
        extraFeatures: expect.arrayContaining(['seccomp']) as unknown,
      },
    });
  });

  test.skipIf(skip || kind === 'fake')('tells of memory what the kernel does', async () => {
    await using harness = await start();
    const details = await harness.client.getGuestDetails({ memBlockSize: true, memHotplugProbe: true });
    const block = `${memory}/block_size_bytes`;
    const text = (await pathExists(harness, block)) ? await readText(harness, block) : '0';
    expect(details.memBlockSizeBytes).toBe(BigInt(`0x${text.trim()}`));
    expect(details.supportMemHotplugProbe).toBe(await pathExists(harness, `${memory}/probe`));
  });
});
