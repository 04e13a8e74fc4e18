// SPDX-License-Identifier: Apache-2.0
import { getEventListeners } from 'node:events';

import { HypervisorError, type VcpuThread } from '@hako/hypervisor';
import { expect, test } from 'vitest';

import { silentLogger } from '../logger.ts';
import { readRecord } from '../run/sandbox-record.ts';
import type { SandboxError } from '../sandbox-error.ts';
import { FakeOomQueue } from '../testing/fake-oom-queue.ts';
import { ignoreOutput, sandboxWorld } from '../testing/sandbox-world.ts';
import { Monitor, type MonitorParts } from './monitor.ts';
import { OomWatch, type OomEvent } from './oom-watch.ts';

test('a container that runs out of memory is told of once, to everyone, and recorded [proves out of memory, sandbox.onOom, sandbox.ranOutOfMemory]', async () => {
  await using world = await sandboxWorld();
  await using sandbox = await world.create();
  await sandbox.createContainer({ image: world.image });
  const events: OomEvent[] = [];
  using _listening = sandbox.onOom((event) => events.push(event));
  const answer = sandbox.ranOutOfMemory('box', { timeoutMs: 10_000 });
  world.agent.oomQueue.put('box');
  world.agent.oomQueue.put('box');
  expect(await answer).toBe(true);
  expect(await sandbox.ranOutOfMemory('box')).toBe(true);
  expect(await sandbox.ranOutOfMemory('other', { timeoutMs: 1 })).toBe(false);
  expect(events).toEqual([{ containerId: 'box' }]);
  await expect.poll(() => readRecord(sandbox.directory)).toMatchObject({ oomKilled: ['box'] });
});

test('the end of the sandbox ends the watch', async () => {
  await using world = await sandboxWorld();
  const sandbox = await world.create();
  await sandbox.ready();
  const answer = sandbox.ranOutOfMemory('box', { timeoutMs: 60_000 });
  await sandbox.stop();
  expect(await answer).toBe(false);
});

const agentError = (fields: object): Error =>
  Object.assign(new Error('no'), { name: 'AgentClientError', ...fields });

test.for([
  { name: 'the connection is gone', error: agentError({ code: 'connection_closed' }), asked: 1 },
  {
    name: 'the agent does not know the call',
    error: agentError({ code: 'rpc_failed', status: 12 }),
    asked: 1,
  },
  { name: 'the question took its time', error: agentError({ code: 'timed_out' }), asked: 2 },
])('when $name, the guest is asked $asked times', async ({ error, asked }) => {
  const queue = new FakeOomQueue();
  let count = 0;
  using watch = new OomWatch();
  watch.start({
    logger: silentLogger,
    agent: {
      getOOMEvent: async (options) => {
        count += 1;
        if (count === 1) throw error;
        return { containerId: await queue.take(options?.signal) };
      },
    },
  });
  queue.put('one');
  expect(await watch.has('one', { timeoutMs: 50 })).toBe(asked === 2);
  expect(count).toBeGreaterThanOrEqual(asked);
  expect(count).toBeLessThanOrEqual(asked + 1);
});

test.for(['', '../up', 'a b', 'x'.repeat(200)])(
  'a guest that tells of %j is not believed',
  async (containerId) => {
    const told = Promise.withResolvers<object>();
    using watch = new OomWatch();
    const logger = { ...silentLogger, warn: (fields: object) => told.resolve(fields) };
    watch.start({ agent: { getOOMEvent: () => Promise.resolve({ containerId }) }, logger });
    expect(await told.promise).toEqual({ containerId });
    expect(watch.containerIds).toEqual([]);
  },
);

const quick = { intervalMs: 1, timeoutMs: 20 };
const silent = (): Promise<never> => new Promise(() => undefined);
const answering = (): Promise<readonly VcpuThread[]> => Promise.resolve([]);

function partsOf(parts: Partial<MonitorParts['vm']> & Pick<MonitorParts['agent'], 'check'>) {
  const dead = Promise.withResolvers<SandboxError>();
  const { check, ...vm } = parts;
  return {
    dead: dead.promise,
    parts: {
      agent: { check },
      vm: { state: 'running', exited: silent(), vcpuThreads: answering, ...vm },
      logger: silentLogger,
      onDead: dead.resolve,
    } satisfies MonitorParts,
  };
}

test.for<{ name: string; check: () => Promise<never>; vcpuThreads: typeof answering; code: string }>([
  { name: 'agent is silent', check: silent, vcpuThreads: answering, code: 'agent_unresponsive' },
  {
    name: 'agent refuses',
    check: () => Promise.reject(new Error('broken')),
    vcpuThreads: answering,
    code: 'agent_unresponsive',
  },
  {
    name: 'agent is silent and the hypervisor cannot tell of its threads',
    check: silent,
    vcpuThreads: () => Promise.reject(new HypervisorError('unsupported', 'no such thing')),
    code: 'agent_unresponsive',
  },
  {
    name: 'hypervisor fails too',
    check: silent,
    vcpuThreads: () => Promise.reject(new HypervisorError('timeout', 'no answer')),
    code: 'vm_unresponsive',
  },
])('when the $name, the verdict is $code', async ({ check, vcpuThreads, code }) => {
  const { dead, parts } = partsOf({ check, vcpuThreads });
  using _monitor = new Monitor(parts, quick);
  expect(await dead).toMatchObject({ code });
});

test('one late answer is no death, and a machine that stands still is not asked', async () => {
  let count = 0;
  const enough = Promise.withResolvers<undefined>();
  const { parts } = partsOf({
    check: async () => {
      count += 1;
      if (count === 6) enough.resolve(undefined);
      if (count % 2 === 1) throw new Error('late');
    },
  });
  let looked = 0;
  const paused = { ...parts.vm };
  Object.defineProperty(paused, 'state', {
    get: () => {
      looked += 1;
      return looked % 2 === 0 ? 'running' : 'paused';
    },
  });
  const failing = { ...parts, vm: paused, onDead: (reason: SandboxError) => enough.reject(reason) };
  using _monitor = new Monitor(failing, quick);
  await enough.promise;
  expect(looked).toBeGreaterThanOrEqual(6);
});

test('a machine that stands still after a panic, until its memory is written, is not given up', async () => {
  const seen: string[] = [];
  const verdicts: SandboxError[] = [];
  const enough = Promise.withResolvers<undefined>();
  const { parts } = partsOf({ check: silent });
  const vm = { ...parts.vm };
  Object.defineProperty(vm, 'state', {
    get: () => {
      // It panics while the agent is asked for the first time.
      const state = seen.length === 0 ? 'running' : 'stopping';
      if (seen.push(state) === 5) enough.resolve(undefined);
      return state;
    },
  });
  using _monitor = new Monitor({ ...parts, vm, onDead: (reason) => verdicts.push(reason) }, quick);
  await enough.promise;
  expect(verdicts).toEqual([]);
});

test('the end of the machine is the better explanation', async () => {
  const exit = Promise.withResolvers<never>();
  const verdicts: SandboxError[] = [];
  const checked = Promise.withResolvers<undefined>();
  const { parts } = partsOf({
    exited: exit.promise,
    check: () => {
      checked.resolve(undefined);
      return Promise.reject(agentError({ code: 'connection_closed' }));
    },
  });
  using _monitor = new Monitor({ ...parts, onDead: (reason) => verdicts.push(reason) }, quick);
  await checked.promise;
  exit.resolve(undefined as never);
  await new Promise(setImmediate);
  expect(verdicts).toEqual([]);
});

test('an agent that falls silent ends the sandbox with its name, and the host is clean [proves monitor]', async () => {
  let isSilent = false;
  await using world = await sandboxWorld({
    before: (method) => (isSilent && method === 'check' ? silent() : undefined),
  });
  await using sandbox = await world.create({ monitor: quick });
  const container = await sandbox.createContainer({ image: world.image, command: ['forever'] });
  ignoreOutput(container);
  await container.start();
  const waiting = container.wait();
  isSilent = true;
  await expect(waiting).rejects.toMatchObject({ code: 'agent_unresponsive' });
  expect(await sandbox.ended).toMatchObject({ name: 'failed', error: { code: 'agent_unresponsive' } });
  expect(await world.leftovers()).toEqual([]);
});

test('a guest tells of itself [proves sandbox.guestDetails, sandbox.metrics]', async () => {
  await using world = await sandboxWorld();
  await using sandbox = await world.create();
  await expect(sandbox.guestDetails()).rejects.toMatchObject({ code: 'invalid_state' });
  await sandbox.ready();
  expect(await sandbox.guestDetails()).toEqual({
    agentVersion: 'fake',
    isInit: true,
    storageDrivers: ['virtio-fs'],
    deviceDrivers: ['blk'],
    supportsSeccomp: false,
    features: [],
    memoryBlockBytes: 128n << 20n,
    needsMemoryProbe: false,
  });
  expect(await sandbox.metrics()).toContain('kata_guest_load');
});

test('a watch that waits leaves no listener behind', async () => {
  using watch = new OomWatch();
  const { signal } = new AbortController();
  expect(await watch.has('one', { signal, timeoutMs: 1 })).toBe(false);
  expect(getEventListeners(signal, 'abort')).toEqual([]);
});
