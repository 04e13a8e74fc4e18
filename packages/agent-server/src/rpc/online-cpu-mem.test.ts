// SPDX-License-Identifier: Apache-2.0
import { Status } from 'nice-grpc-common';
import { describe, expect, test } from 'vitest';
import { readText, shellOutput } from '../testing/agent-files.ts';
import { testedAgents } from '../testing/agent-harness.ts';
import { runContainer, sleeper } from '../testing/ready-sandbox.ts';
import { refusal } from '../testing/refusal.ts';
import { testSpec } from '../testing/test-spec.ts';

const mib = 1024 * 1024;

describe.each(testedAgents)('OnlineCPUMem $title', ({ skip, kind, start }) => {
  test.skipIf(skip)('may be asked again and again for what is online', async () => {
    await using harness = await start();
    for (const request of [
      { nbCpus: 0, cpuOnly: true },
      { nbCpus: 1, cpuOnly: true },
      { nbCpus: 1, cpuOnly: true, wait: true },
      { nbCpus: 1, cpuOnly: true },
    ]) {
      expect(await harness.client.onlineCPUMem(request)).toEqual({});
    }
  });

  test.skipIf(skip)('fails for more CPUs than there are [INTERNAL]', async () => {
    await using harness = await start();
    await expect(harness.client.onlineCPUMem({ nbCpus: 100_000, cpuOnly: true })).rejects.toMatchObject(
      refusal(Status.INTERNAL, 'Timeout after'),
    );
  });

  test.skipIf(skip || kind !== 'guest')(
    'brings plugged CPUs online, and no more than asked for',
    async () => {
      await using harness = await start();
      const online = async () => Number(await shellOutput(harness, 'nproc'));
      const before = await online();
      await harness.machine!.plugCpus(2);
      await harness.client.onlineCPUMem({ nbCpus: before + 1, cpuOnly: true });
      expect(await online()).toBe(before + 1);
      await harness.client.onlineCPUMem({ nbCpus: before + 2, cpuOnly: true });
      expect(await online()).toBe(before + 2);
    },
  );

  test.skipIf(skip || kind !== 'guest')(
    'lets containers that are bound to CPUs have plugged ones',
    async () => {
      await using harness = await start();
      const { client, rootfs } = harness;
      const { linux } = testSpec(rootfs, sleeper);
      await runContainer(harness, 'c1', sleeper, {
        linux: { ...linux, cgroupsPath: '/pod/c1', resources: { cpu: { cpus: '0-1' } } },
      });
      await harness.machine!.plugCpus(1);
      await client.onlineCPUMem({ nbCpus: 2, cpuOnly: true });
      expect(await readText(harness, '/sys/fs/cgroup/pod/cpuset.cpus.effective')).toBe('0-1\n');
      expect(await readText(harness, '/sys/fs/cgroup/pod/c1/cpuset.cpus.effective')).toBe('0-1\n');
    },
  );

  test.skipIf(skip || kind !== 'guest')('brings plugged memory online', async () => {
    await using harness = await start();
    const total = async () =>
      Number(/MemTotal:\s+(\d+) kB/.exec(await readText(harness, '/proc/meminfo'))?.[1]) * 1024;
    const before = await total();
    await harness.machine!.plugMemory({ sizeMib: 256 });
    await expect
      .poll(
        async () => {
          await harness.client.onlineCPUMem({});
          return await total();
        },
        { timeout: 20_000 },
      )
      .toBeGreaterThanOrEqual(before + 240 * mib);
  });
});
