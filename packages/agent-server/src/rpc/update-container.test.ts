// SPDX-License-Identifier: Apache-2.0
import type { DeepPartial } from '@hako/protocols/agent';
import type { LinuxResources } from '@hako/protocols/oci';
import { Status } from 'nice-grpc-common';
import { describe, expect, test } from 'vitest';
import { shellOutput } from '../testing/agent-files.ts';
import { testedAgents } from '../testing/agent-harness.ts';
import { cgroupText } from '../testing/cgroup-text.ts';
import { runContainer, sleeper } from '../testing/ready-sandbox.ts';
import { refusal } from '../testing/refusal.ts';
import { createRequest } from '../testing/test-spec.ts';

const mib = 1024n * 1024n;

describe.each(testedAgents)('UpdateContainer $title', ({ skip, start, kind }) => {
  const skipReal = skip || kind === 'fake';

  test.skipIf(skip)('refuses a container that does not exist [INVALID_ARGUMENT]', async () => {
    await using harness = await start();
    await expect(
      harness.client.updateContainer({ containerId: 'nope', resources: {} }),
    ).rejects.toMatchObject(refusal(Status.INVALID_ARGUMENT, 'container_not_found'));
  });

  const refused: readonly { title: string; resources: DeepPartial<LinuxResources>; text: string }[] = [
    { title: 'a swappiness above 100', resources: { Memory: { Swappiness: 101n } }, text: 'above 100' },
    {
      title: 'a page size that is a path',
      resources: { HugepageLimits: [{ Pagesize: '../../x', Limit: 1n }] },
      text: 'no size',
    },
    { title: 'an unknown type of device', resources: { Devices: [{ Type: 'tape' }] }, text: 'tape' },
  ];
  test.skipIf(skip).each(refused)('refuses $title [INTERNAL]', async ({ resources, text }) => {
    await using harness = await start();
    await runContainer(harness, 'c1', sleeper);
    await expect(harness.client.updateContainer({ containerId: 'c1', resources })).rejects.toMatchObject(
      refusal(Status.INTERNAL, text),
    );
  });

  test.skipIf(skipReal)('refuses what the kernel refuses [INTERNAL]', async () => {
    await using harness = await start();
    await runContainer(harness, 'c1', sleeper);
    await expect(
      harness.client.updateContainer({ containerId: 'c1', resources: { CPU: { Quota: 1n } } }),
    ).rejects.toMatchObject(refusal(Status.INTERNAL, 'runtime_failed'));
  });

  test.skipIf(skip)('takes a request without resources, with empty ones and with zeroes', async () => {
    await using harness = await start();
    await runContainer(harness, 'c1', sleeper);
    const { client } = harness;
    await client.updateContainer({ containerId: 'c1' });
    await client.updateContainer({ containerId: 'c1', resources: {} });
    await client.updateContainer({
      containerId: 'c1',
      resources: { CPU: { Quota: -1n }, Memory: { Limit: 0n, Swap: -1n }, Pids: { Limit: 0n }, BlockIO: {} },
    });
  });

  test.skipIf(skip)('takes a container before its start', async () => {
    await using harness = await start();
    await harness.client.createContainer(createRequest('c1', harness.rootfs, sleeper));
    await harness.client.updateContainer({ containerId: 'c1', resources: { Pids: { Limit: 100n } } });
    await harness.client.startContainer({ containerId: 'c1' });
  });

  const settings = [
    {
      title: 'a memory limit',
      resources: { Memory: { Limit: 64n * mib } },
      file: { v2: 'memory.max', v1: 'memory/memory.limit_in_bytes' },
      texts: [`${64n * mib}`],
    },
    {
      title: 'a memory reservation',
      resources: { Memory: { Reservation: 32n * mib } },
      file: { v2: 'memory.low', v1: 'memory/memory.soft_limit_in_bytes' },
      texts: [`${32n * mib}`],
    },
    {
      title: 'CPU shares',
      resources: { CPU: { Shares: 512n } },
      file: { v2: 'cpu.weight', v1: 'cpu/cpu.shares' },
      texts: ['20', '512'],
    },
    {
      title: 'a CPU quota',
      resources: { CPU: { Quota: 20_000n, Period: 50_000n } },
      file: { v2: 'cpu.max', v1: 'cpu/cpu.cfs_quota_us' },
      texts: ['20000 50000', '20000'],
    },
    {
      title: 'a list of CPUs',
      resources: { CPU: { Cpus: '0', Mems: '0' } },
      file: { v2: 'cpuset.cpus', v1: 'cpuset/cpuset.cpus' },
      texts: ['0'],
    },
    {
      title: 'a limit of processes',
      resources: { Pids: { Limit: 33n } },
      file: { v2: 'pids.max', v1: 'pids/pids.max' },
      texts: ['33'],
    },
  ];
  test.skipIf(skipReal).each(settings)('sets $title, and keeps it', async ({ resources, file, texts }) => {
    await using harness = await start();
    await runContainer(harness, 'c1', sleeper);
    await harness.client.updateContainer({ containerId: 'c1', resources });
    expect(texts).toContain(await cgroupText(harness, 'c1', file));
    await harness.client.updateContainer({ containerId: 'c1', resources: { Memory: { Limit: 128n * mib } } });
    if (resources.Memory?.Limit === undefined) expect(texts).toContain(await cgroupText(harness, 'c1', file));
  });

  test.skipIf(skipReal)('shows new limits in the statistics', async () => {
    await using harness = await start();
    await runContainer(harness, 'c1', sleeper);
    const resources = { Memory: { Limit: 48n * mib }, Pids: { Limit: 44n } };
    await harness.client.updateContainer({ containerId: 'c1', resources });
    const { cgroupStats } = await harness.client.statsContainer({ containerId: 'c1' });
    expect(cgroupStats?.memoryStats?.usage?.limit).toBe(48n * mib);
    expect(cgroupStats?.pidsStats?.limit).toBe(44n);
  });

  test.skipIf(skipReal)('sets the rate of a disk', async () => {
    await using harness = await start();
    await runContainer(harness, 'c1', sleeper);
    const numbers = (await shellOutput(harness, 'cat /sys/block/vd?/dev | head -n 1')).trim();
    const [major = '', minor = ''] = numbers.split(':');
    const device = { Major: BigInt(major), Minor: BigInt(minor), Rate: 7n * mib };
    await harness.client.updateContainer({
      containerId: 'c1',
      resources: { BlockIO: { ThrottleWriteBpsDevice: [device] } },
    });
    const file = { v2: 'io.max', v1: 'blkio/blkio.throttle.write_bps_device' };
    const texts = [`${numbers} rbps=max wbps=${7n * mib} riops=max wiops=max`, `${numbers} ${7n * mib}`];
    expect(texts).toContain(await cgroupText(harness, 'c1', file));
  });

  test.skipIf(skip)('goes on with CPUs and sizes of pages the guest does not have', async () => {
    await using harness = await start();
    await runContainer(harness, 'c1', sleeper);
    const resources = {
      CPU: { Cpus: '4000' },
      HugepageLimits: [{ Pagesize: '512GB', Limit: 0n }],
      Memory: { Limit: 64n * mib },
    };
    await harness.client.updateContainer({ containerId: 'c1', resources });
    await runContainer(harness, 'c2', ['true'], {
      linux: {
        namespaces: [{ type: 'mount' }],
        resources: { cpu: { cpus: '4000' }, hugepageLimits: [{ pageSize: '512GB', limit: 0 }] },
      },
    });
  });

  test.skipIf(skipReal || kind !== 'guest')('sets a limit of huge pages', async () => {
    await using harness = await start();
    await runContainer(harness, 'c1', sleeper);
    const resources = { HugepageLimits: [{ Pagesize: '2MB', Limit: 8n * mib }] };
    await harness.client.updateContainer({ containerId: 'c1', resources });
    const file = { v2: 'hugetlb.2MB.max', v1: 'hugetlb/hugetlb.2MB.limit_in_bytes' };
    expect(await cgroupText(harness, 'c1', file)).toBe(`${8n * mib}`);
  });

  test.skipIf(skipReal)('takes a swap limit for the memory limit the container has', async () => {
    await using harness = await start();
    await runContainer(harness, 'c1', sleeper, {
      linux: { namespaces: [{ type: 'mount' }], resources: { memory: { limit: Number(64n * mib) } } },
    });
    await harness.client.updateContainer({ containerId: 'c1', resources: { Memory: { Swap: 96n * mib } } });
    const swap = { v2: 'memory.swap.max', v1: 'memory/memory.memsw.limit_in_bytes' };
    expect([`${32n * mib}`, `${96n * mib}`]).toContain(await cgroupText(harness, 'c1', swap));
    const memory = { v2: 'memory.max', v1: 'memory/memory.limit_in_bytes' };
    expect(await cgroupText(harness, 'c1', memory)).toBe(`${64n * mib}`);
  });
});
