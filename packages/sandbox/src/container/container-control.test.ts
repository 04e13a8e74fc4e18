// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';

import { listContainers } from '../run/container-notes.ts';
import { listSandboxes } from '../run/sandbox-registry.ts';
import { ignoreOutput, sandboxWorld } from '../testing/sandbox-world.ts';
import type { Container } from './container.ts';
import type { ContainerLimits } from './container-limits.ts';
import { toContainerStats } from './container-stats.ts';

type Operation = 'pause' | 'resume' | 'stats' | 'update' | 'kill' | 'exec';

const operations: Readonly<Record<Operation, (container: Container) => Promise<unknown>>> = {
  pause: (container) => container.pause(),
  resume: (container) => container.resume(),
  stats: (container) => container.stats(),
  update: (container) => container.update({ pidsLimit: 10 }),
  kill: (container) => container.kill('SIGWINCH'),
  exec: async (container) => container.exec({ command: ['echo'] }),
};

/** Brings a container that runs for ever into a state. */
const reach: Readonly<Record<Container['state']['name'], (container: Container) => Promise<unknown>>> = {
  created: () => Promise.resolve(),
  running: (container) => container.start(),
  paused: async (container) => {
    await container.start();
    await container.pause();
  },
  stopped: async (container) => {
    await container.start();
    await container.kill('SIGKILL');
    await container.wait();
  },
  removed: (container) => container.remove(),
};

test.for<{ state: Container['state']['name']; allowed: readonly Operation[]; then: string }>([
  { state: 'created', allowed: ['stats', 'update'], then: 'created' },
  { state: 'running', allowed: ['stats', 'update', 'kill', 'exec', 'pause'], then: 'paused' },
  { state: 'paused', allowed: ['stats', 'update', 'kill', 'resume'], then: 'running' },
  { state: 'stopped', allowed: ['kill'], then: 'stopped' },
  { state: 'removed', allowed: [], then: 'removed' },
])(
  'a container that is $state allows $allowed and is $then afterwards [proves container.pause, container.resume, container.kill, container.exec, container.remove]',
  async ({ state, allowed, then }) => {
    await using world = await sandboxWorld();
    await using sandbox = await world.create();
    const container = await sandbox.createContainer({ image: world.image, command: ['forever'] });
    ignoreOutput(container);
    await reach[state](container);
    expect(container.state.name).toBe(state);
    const refused = Object.entries(operations).filter(([name]) => !allowed.some((it) => it === name));
    for (const [name, call] of refused) {
      const message = `${name}: container box is ${state}`;
      await expect(call(container)).rejects.toMatchObject({ code: 'invalid_state', message });
    }
    for (const name of allowed) await operations[name](container);
    expect(container.state.name).toBe(then);
  },
);

test('a terminal has the size it is given [proves container.resize]', async () => {
  await using world = await sandboxWorld();
  await using sandbox = await world.create();
  const container = await sandbox.createContainer({
    image: world.image,
    command: ['forever'],
    terminal: true,
  });
  ignoreOutput(container);
  await container.start();
  await container.resize({ rows: 33, columns: 77 });
  expect(world.agent.processes.get('box')?.sizes.at(-1)).toEqual({ rows: 33, columns: 77 });
});

test('a paused container that is killed has stopped', async () => {
  await using world = await sandboxWorld();
  await using sandbox = await world.create();
  const container = await sandbox.createContainer({ image: world.image, command: ['forever'] });
  ignoreOutput(container);
  await container.start();
  await container.pause();
  expect(world.agent.paused).toEqual(new Set(['box']));
  expect(await listSandboxes({ runRoot: world.runRoot })).toMatchObject([{ status: 'paused' }]);
  await container.kill('SIGKILL');
  expect(await container.wait()).toBe(137);
  expect(container.state).toEqual({ name: 'stopped', exitCode: 137 });
  expect(await listSandboxes({ runRoot: world.runRoot })).toMatchObject([{ status: 'running' }]);
  expect((await listContainers(sandbox))[0]).not.toHaveProperty('paused');
});

test('what a guest that does not freeze is waited for has a limit, and the container runs on', async () => {
  await using world = await sandboxWorld({
    before: (method) => (method === 'pauseContainer' ? new Promise(() => undefined) : undefined),
  });
  await using sandbox = await world.create();
  const container = await sandbox.createContainer({ image: world.image, command: ['forever'] });
  ignoreOutput(container);
  await container.start();
  await expect(container.pause({ timeoutMs: 20 })).rejects.toMatchObject({ code: 'timeout' });
  await expect(container.pause({ signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'aborted' });
  expect(container.state.name).toBe('running');
});

test('statistics have units, and a limit only where there is one', async () => {
  await using world = await sandboxWorld();
  await using sandbox = await world.create();
  const container = await sandbox.createContainer({ image: world.image });
  expect(await container.stats()).toEqual({
    cpu: {
      totalNs: 1_500_000_000n,
      userNs: 1_000_000_000n,
      kernelNs: 500_000_000n,
      quotaPeriods: 0n,
      throttledPeriods: 0n,
      throttledNs: 0n,
    },
    memory: { usageBytes: 8n << 20n, peakBytes: 8n << 20n, limitHits: 0n, limitBytes: 64n << 20n },
    pids: { current: 3n },
    blockIo: { readBytes: 1n << 20n, writtenBytes: 0n },
    interfaces: [],
  });
});

test('what the guest does not count is absent, and the unlimited of the older cgroups is no limit', () => {
  expect(toContainerStats({ cgroupStats: undefined, networkStats: [] })).toEqual({ interfaces: [] });
  const usage = { usage: 1n, maxUsage: 2n, failcnt: 3n, limit: 9_223_372_036_854_771_712n };
  const memoryStats = {
    cache: 0n,
    usage,
    swapUsage: undefined,
    kernelUsage: undefined,
    useHierarchy: true,
    stats: {},
  };
  const cgroupStats = {
    cpuStats: undefined,
    memoryStats,
    pidsStats: undefined,
    blkioStats: undefined,
    hugetlbStats: {},
  };
  expect(toContainerStats({ cgroupStats, networkStats: [] })).toEqual({
    memory: { usageBytes: 1n, peakBytes: 2n, limitHits: 3n },
    interfaces: [],
  });
});

test.for<{ limits: ContainerLimits; resources: object }>([
  { limits: { memoryBytes: 32 << 20 }, resources: { Memory: { Limit: 33_554_432n } } },
  { limits: { cpuShares: 512 }, resources: { CPU: { Shares: 512n, Quota: 0n } } },
  {
    limits: { cpuQuotaUs: 50_000, cpuPeriodUs: 100_000 },
    resources: { CPU: { Quota: 50_000n, Period: 100_000n } },
  },
  { limits: { pidsLimit: 20 }, resources: { Pids: { Limit: 20n } } },
])('limits $limits reach the guest as $resources', async ({ limits, resources }) => {
  await using world = await sandboxWorld();
  await using sandbox = await world.create();
  const container = await sandbox.createContainer({ image: world.image });
  await container.update(limits);
  expect(world.agent.updates).toMatchObject([{ containerId: 'box', resources }]);
});

test.for<{ limits: ContainerLimits; says: string }>([
  { limits: {}, says: 'no limit is given' },
  { limits: { memoryBytes: 0 }, says: 'memoryBytes of 0' },
  { limits: { memoryBytes: -1 }, says: 'memoryBytes of -1' },
  { limits: { memoryBytes: 4096.5 }, says: 'memoryBytes of 4096.5' },
  { limits: { memoryBytes: 2 ** 53 }, says: 'memoryBytes of 9007199254740992' },
  { limits: { cpuShares: 1 }, says: 'cpuShares of 1' },
  { limits: { cpuShares: 262_145 }, says: 'cpuShares of 262145' },
  { limits: { cpuQuotaUs: 999 }, says: 'cpuQuotaUs of 999' },
  { limits: { cpuPeriodUs: 1_000_001 }, says: 'cpuPeriodUs of 1000001' },
  { limits: { pidsLimit: Number.NaN }, says: 'pidsLimit of NaN' },
])('limits $limits are refused before the guest is asked: $says', async ({ limits, says }) => {
  await using world = await sandboxWorld();
  await using sandbox = await world.create();
  const container = await sandbox.createContainer({ image: world.image });
  await expect(container.update(limits)).rejects.toMatchObject({
    code: 'invalid_options',
    message: expect.stringContaining(says) as unknown,
  });
  expect(world.agent.calls).not.toContain('updateContainer');
});
