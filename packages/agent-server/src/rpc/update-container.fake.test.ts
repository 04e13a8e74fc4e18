// SPDX-License-Identifier: Apache-2.0
import type { DeepPartial } from '@hako/protocols/agent';
import type { LinuxResources } from '@hako/protocols/oci';
import { Status } from 'nice-grpc-common';
import { describe, expect, test } from 'vitest';
import { startFakeAgent } from '../testing/agent-harness.ts';
import { runContainer, sleeper } from '../testing/ready-sandbox.ts';
import { refusal } from '../testing/refusal.ts';

describe('UpdateContainer on a fake machine', () => {
  test('asks the runtime for what it can do, and leaves device rules alone', async () => {
    await using harness = await startFakeAgent();
    await runContainer(harness, 'c1', sleeper);
    await harness.client.updateContainer({
      containerId: 'c1',
      resources: {
        CPU: { Shares: 512n, Cpus: '0-1', Mems: '0' },
        Memory: { Limit: 2n ** 60n, Swappiness: 50n },
        HugepageLimits: [{ Pagesize: '2MB', Limit: 2n ** 63n }],
        Devices: [{ Allow: true, Type: 'b', Major: 8n, Minor: 0n, Access: 'rwm' }],
      },
    });
    expect(harness.runtime.containers.get('c1')!.updates).toEqual([
      { cpu: { shares: 512 }, memory: { limit: 2n ** 60n } },
    ]);
    expect(harness.runtime.cgroups.at('/c1').limits.at(-1)).toEqual({
      cpus: '0-1',
      mems: '0',
      hugepages: [{ pageSize: '2MB', limit: 2n ** 63n }],
    });
    expect(harness.log).toContainEqual(
      expect.objectContaining({ fields: { 'container-id': 'c1', limits: ['swappiness'] } }),
    );
  });

  test('completes a half of a pair by what the container has', async () => {
    await using harness = await startFakeAgent();
    const { client, runtime } = harness;
    const update = (resources: DeepPartial<LinuxResources>) =>
      client.updateContainer({ containerId: 'c1', resources });
    await runContainer(harness, 'c1', sleeper, {
      linux: { namespaces: [{ type: 'mount' }], resources: { memory: { limit: 1000 }, cpu: { period: 50 } } },
    });
    await update({ Pids: { Limit: 5n } });
    await update({ CPU: { Quota: 10n } });
    await update({ CPU: { Period: 70n } });
    await update({ Memory: { Swap: 3000n } });
    expect(runtime.containers.get('c1')!.updates.slice(1)).toEqual([
      { cpu: { quota: 10, period: 50 } },
      { cpu: { quota: 10, period: 70 } },
      { memory: { limit: 1000, swap: 3000 } },
    ]);
  });

  test('does not trouble the runtime with nothing', async () => {
    await using harness = await startFakeAgent();
    await runContainer(harness, 'c1', sleeper);
    await harness.client.updateContainer({ containerId: 'c1', resources: { CPU: { Cpus: '0' } } });
    expect(harness.runtime.containers.get('c1')!.updates).toEqual([]);
  });

  test('keeps the old limits when the runtime fails [INTERNAL]', async () => {
    await using harness = await startFakeAgent();
    const { client, runtime } = harness;
    const memory = (limit: bigint) => ({ containerId: 'c1', resources: { Memory: { Limit: limit } } });
    await runContainer(harness, 'c1', sleeper);
    await client.updateContainer(memory(1000n));
    runtime.failures.update = new Error('no');
    await expect(client.updateContainer(memory(2000n))).rejects.toMatchObject({ code: Status.INTERNAL });
    await client.updateContainer({ containerId: 'c1', resources: { Memory: { Swap: 3000n } } });
    expect(runtime.containers.get('c1')!.updates.at(-1)).toEqual({ memory: { limit: 1000, swap: 3000 } });
  });

  test('logs limits that could not be set', async () => {
    await using harness = await startFakeAgent();
    await runContainer(harness, 'c1', sleeper);
    harness.runtime.cgroups.at('/c1').problems = [{ file: 'cpuset.cpus', error: undefined }];
    await harness.client.updateContainer({ containerId: 'c1', resources: { CPU: { Cpus: '9' } } });
    expect(harness.log).toContainEqual(
      expect.objectContaining({ level: 'warn', message: 'limit could not be set' }),
    );
  });

  test('refuses a container that is being removed [INTERNAL]', async () => {
    await using harness = await startFakeAgent();
    const { client, runtime } = harness;
    await runContainer(harness, 'c1', sleeper);
    const { promise: asked, resolve: onAsked } = Promise.withResolvers<undefined>();
    const { promise: goOn, resolve } = Promise.withResolvers<undefined>();
    runtime.gate = async (operation) => {
      if (operation !== 'delete c1') return;
      onAsked(undefined);
      await goOn;
    };
    const removing = client.removeContainer({ containerId: 'c1' });
    await asked;
    await expect(client.updateContainer({ containerId: 'c1', resources: {} })).rejects.toMatchObject(
      refusal(Status.INTERNAL, 'it is destroying'),
    );
    resolve(undefined);
    await removing;
  });
});
