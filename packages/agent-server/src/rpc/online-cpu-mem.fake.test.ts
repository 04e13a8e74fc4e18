// SPDX-License-Identifier: Apache-2.0
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Status } from 'nice-grpc-common';
import { describe, expect, test } from 'vitest';
import { type FakeAgentHarness, startFakeAgent } from '../testing/agent-harness.ts';
import { runContainer, sleeper } from '../testing/ready-sandbox.ts';
import { refusal } from '../testing/refusal.ts';
import { testSpec } from '../testing/test-spec.ts';

const cpus = 'sys/devices/system/cpu';
const memory = 'sys/devices/system/memory';

const textIn = ({ devices }: FakeAgentHarness, path: string) =>
  readFile(join(devices.tree.sysDir, '..', path), 'utf8');

/** What the agent has made of the CPUs. */
async function states(harness: FakeAgentHarness, numbers: readonly number[]): Promise<string> {
  const texts = await Promise.all(numbers.map((number) => textIn(harness, `${cpus}/cpu${number}/online`)));
  return texts.join('');
}

const offline = (numbers: readonly number[]) =>
  Object.fromEntries(numbers.map((number) => [`${cpus}/cpu${number}/online`, '0']));

describe('OnlineCPUMem on a fake machine', () => {
  test('brings as many CPUs online as make up the difference', async () => {
    await using harness = await startFakeAgent();
    await harness.devices.appear('cpu', offline([1, 2, 3]));
    await harness.client.onlineCPUMem({ nbCpus: 3, cpuOnly: true });
    expect(await states(harness, [1, 2, 3])).toBe('110');
    await harness.client.onlineCPUMem({ nbCpus: 3, cpuOnly: true });
    expect(await states(harness, [1, 2, 3])).toBe('110');
    await harness.client.onlineCPUMem({ nbCpus: 4, cpuOnly: true });
    expect(await states(harness, [1, 2, 3])).toBe('111');
  });

  test('waits for CPUs that are on their way', async () => {
    await using harness = await startFakeAgent({ deviceTimeoutMs: 10_000 });
    const online = harness.client.onlineCPUMem({ nbCpus: 2, cpuOnly: true });
    await expect.poll(() => harness.devices.listeners, { interval: 1 }).toBe(1);
    await harness.devices.appear('cpu', offline([1]));
    await online;
    expect(await states(harness, [1])).toBe('1');
  });

  test('leaves those online that it could bring there, but fails [INTERNAL]', async () => {
    await using harness = await startFakeAgent();
    await harness.devices.appear('cpu', offline([1, 2]));
    await expect(harness.client.onlineCPUMem({ nbCpus: 9, cpuOnly: true })).rejects.toMatchObject(
      refusal(Status.INTERNAL, 'waiting for 9 online CPUs'),
    );
    expect(await states(harness, [1, 2])).toBe('11');
  });

  test('gives containers that are bound to CPUs their lists again', async () => {
    await using harness = await startFakeAgent();
    const { client, devices, rootfs, runtime } = harness;
    const { linux } = testSpec(rootfs, sleeper);
    await runContainer(harness, 'bound', sleeper, {
      linux: { ...linux, resources: { cpu: { cpus: '0-1' } } },
    });
    await runContainer(harness, 'free', sleeper);
    const settings = () => runtime.cgroups.at('/bound').limits.length;
    const before = settings();
    await devices.appear('cpu', { ...offline([1]), [`${cpus}/online`]: '0-1\n' });
    await client.onlineCPUMem({ cpuOnly: true });
    expect(settings()).toBe(before);
    await client.onlineCPUMem({ nbCpus: 2, cpuOnly: true });
    expect(runtime.cgroups.at('/bound').parentCpus).toEqual(['0-1']);
    expect(runtime.cgroups.at('/bound').limits.at(-1)).toMatchObject({ cpus: '0-1' });
    expect(runtime.cgroups.at('/free').parentCpus).toEqual([]);
  });

  test('brings every block of memory online unless only CPUs are meant', async () => {
    await using harness = await startFakeAgent();
    const blocks = {
      [`${memory}/memory1/online`]: '0',
      [`${memory}/memory22/online`]: '0',
      [`${memory}/power/online`]: '0',
    };
    await harness.devices.appear('memory', blocks);
    const all = () => Promise.all(Object.keys(blocks).map((path) => textIn(harness, path)));
    await harness.client.onlineCPUMem({ cpuOnly: true });
    expect(await all()).toEqual(['0', '0', '0']);
    await harness.client.onlineCPUMem({});
    expect(await all()).toEqual(['1', '1', '0']);
  });
});
