// SPDX-License-Identifier: Apache-2.0
import { Status } from 'nice-grpc-common';
import { describe, expect, test } from 'vitest';
import { shellOutput } from '../testing/agent-files.ts';
import { testedAgents } from '../testing/agent-harness.ts';
import { runContainer, sleeper } from '../testing/ready-sandbox.ts';
import { execRequest } from '../testing/test-spec.ts';

const mib = 1024n * 1024n;
/** Of polls of an emulated machine. */
const patience = { timeout: 20_000, interval: 100 };

describe.each(testedAgents)('StatsContainer $title', ({ skip, start, kind }) => {
  const skipReal = skip || kind === 'fake';

  test.skipIf(skip)('refuses a container that does not exist [INVALID_ARGUMENT]', async () => {
    await using harness = await start();
    await expect(harness.client.statsContainer({ containerId: 'nope' })).rejects.toMatchObject({
      code: Status.INVALID_ARGUMENT,
    });
  });

  test.skipIf(skip)('counts the processes, and leaves out what is not counted', async () => {
    await using harness = await start();
    await runContainer(harness, 'c1', sleeper);
    const { cgroupStats } = await harness.client.statsContainer({ containerId: 'c1' });
    expect(cgroupStats?.pidsStats).toEqual({ current: 1n, limit: 0n });
    expect(cgroupStats?.hugetlbStats).toBeDefined();
  });

  test.skipIf(skip)('counts a container whose program has ended', async () => {
    await using harness = await start();
    await runContainer(harness, 'c1', ['true']);
    await harness.client.waitProcess({ containerId: 'c1' });
    expect((await harness.client.statsContainer({ containerId: 'c1' })).cgroupStats).toBeDefined();
  });

  test.skipIf(skipReal)('counts CPU time and memory', async () => {
    await using harness = await start();
    const { client } = harness;
    await runContainer(harness, 'c1', sleeper, {
      linux: { namespaces: [{ type: 'mount' }], resources: { memory: { limit: Number(64n * mib) } } },
    });
    const before = (await client.statsContainer({ containerId: 'c1' })).cgroupStats;
    await client.execProcess(execRequest('c1', 'e1', ['sh', '-c', 'yes | head -c 1000000 > /dev/null']));
    await client.waitProcess({ containerId: 'c1', execId: 'e1' });
    const after = (await client.statsContainer({ containerId: 'c1' })).cgroupStats;
    const cpuTime = after?.cpuStats?.cpuUsage?.totalUsage ?? 0n;
    expect(cpuTime).toBeGreaterThan(before?.cpuStats?.cpuUsage?.totalUsage ?? 0n);
    expect(after?.memoryStats?.usage).toMatchObject({ limit: 64n * mib });
    expect(after?.memoryStats?.usage?.usage).toBeGreaterThan(0n);
    expect(after?.memoryStats?.usage?.usage).toBeLessThan(64n * mib);
    expect(Object.keys(after?.memoryStats?.stats ?? {})).toContain('pgfault');
  });

  test.skipIf(skipReal)('counts throttling', async () => {
    await using harness = await start();
    const { client } = harness;
    await runContainer(harness, 'c1', ['sh', '-c', 'while true; do :; done'], {
      linux: { namespaces: [{ type: 'mount' }], resources: { cpu: { quota: 5_000, period: 50_000 } } },
    });
    const throttling = async () =>
      (await client.statsContainer({ containerId: 'c1' })).cgroupStats?.cpuStats?.throttlingData;
    await expect.poll(async () => (await throttling())?.throttledPeriods, patience).toBeGreaterThan(0n);
    await expect.poll(async () => (await throttling())?.throttledTime, patience).toBeGreaterThan(0n);
  });

  test.skipIf(skipReal)('counts what is read from a disk', async () => {
    await using harness = await start();
    const { client } = harness;
    const numbers = (await shellOutput(harness, 'cat /sys/block/vd?/dev | head -n 1')).trim();
    const [major = 0, minor = 0] = numbers.split(':').map(Number);
    const disk = { type: 'b', major, minor };
    await runContainer(harness, 'c1', sleeper, {
      linux: {
        namespaces: [{ type: 'mount' }],
        devices: [{ path: '/dev/disk', ...disk }],
        resources: { devices: [{ allow: true, ...disk, access: 'rwm' }] },
      },
    });
    // In a guest the root file system is in memory; elsewhere the disk may be closed even to root.
    const source = kind === 'guest' ? '/dev/disk' : '/bin/busybox';
    const read = ['busybox', 'dd', `if=${source}`, 'of=/dev/null', 'bs=65536', 'count=16', 'iflag=direct'];
    await client.execProcess(execRequest('c1', 'e1', read));
    expect(await client.waitProcess({ containerId: 'c1', execId: 'e1' })).toEqual({ status: 0 });
    const { cgroupStats } = await client.statsContainer({ containerId: 'c1' });
    const entries = cgroupStats?.blkioStats?.ioServiceBytesRecursive ?? [];
    const entry = entries.find(
      ({ op, ...device }) =>
        op === 'read' && device.major === BigInt(major) && device.minor === BigInt(minor),
    );
    expect(entry?.value).toBeGreaterThanOrEqual(mib);
  });

  test.skipIf(skip || kind !== 'guest')('counts huge pages by their size', async () => {
    await using harness = await start();
    await runContainer(harness, 'c1', sleeper);
    const { cgroupStats } = await harness.client.statsContainer({ containerId: 'c1' });
    expect(cgroupStats?.hugetlbStats['2MB']).toEqual({ usage: 0n, maxUsage: 0n, failcnt: 0n });
  });

  test.skipIf(skip)('counts the interfaces of the sandbox, but not the loopback one', async () => {
    await using harness = await start();
    await runContainer(harness, 'c1', sleeper);
    // On this machine interfaces of others come and go between the two looks.
    const difference = async () => {
      const names = new Set((await shellOutput(harness, 'ls /sys/class/net')).trim().split('\n'));
      const { networkStats } = await harness.client.statsContainer({ containerId: 'c1' });
      return [...names.symmetricDifference(new Set(networkStats.map(({ name }) => name)))];
    };
    await expect.poll(difference, patience).toEqual(['lo']);
  });

  test.skipIf(skip || kind !== 'guest')('counts a network card that was plugged in', async () => {
    await using harness = await start();
    await runContainer(harness, 'c1', sleeper);
    const card = await harness.machine?.plugNic({ mac: '02:00:00:00:0a:01' });
    // Loads its driver.
    await harness.client.updateInterface({ interface: { devicePath: card?.pciPath ?? '', name: 'eth9' } });
    const { networkStats } = await harness.client.statsContainer({ containerId: 'c1' });
    expect(networkStats.map(({ name }) => name)).toEqual([expect.stringMatching(/^(eth|en)/)]);
  });
});
