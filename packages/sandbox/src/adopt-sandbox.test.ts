// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';

import { HypervisorError } from '@hako/hypervisor';
import { FakeHypervisor } from '@hako/hypervisor/testing';
import { expect, test } from 'vitest';

import { adoptSandbox } from './adopt-sandbox.ts';
import type { RecordedContainerState } from './container/container-record.ts';
import { readRecord, writeRecord } from './run/sandbox-record.ts';
import { listSandboxes } from './run/sandbox-registry.ts';
import { stopSandbox } from './run/stop-owner.ts';
import { SandboxError } from './sandbox-error.ts';
import type { Sandbox } from './sandbox.ts';
import { ignoreOutput, sandboxWorld, type SandboxWorld } from './testing/sandbox-world.ts';

const keep = { onOwnerExit: 'keep' } as const;

const adopt = (world: SandboxWorld): Promise<Sandbox> =>
  adoptSandbox('box', { runRoot: world.runRoot }, world.components);

const statusOf = async (world: SandboxWorld): Promise<string | undefined> =>
  (await listSandboxes({ runRoot: world.runRoot }))[0]?.status;

/** A sandbox with a container in a state, whose owner has let go of it. */
async function orphan(world: SandboxWorld, command: readonly string[] = ['forever']): Promise<void> {
  const sandbox = await world.create(keep);
  const container = await sandbox.createContainer({ image: world.image, command });
  ignoreOutput(container);
  await container.start();
  await sandbox.release();
  expect(sandbox.state).toEqual({ name: 'released' });
  await expect(sandbox.createContainer({ image: world.image })).rejects.toMatchObject({
    code: 'invalid_state',
  });
}

test('what one process has made another one goes on with, containers included', async () => {
  await using world = await sandboxWorld();
  await orphan(world);
  expect(await statusOf(world)).toBe('orphaned');
  expect([...world.shares.keys()]).not.toEqual([]);
  const sandbox = await adopt(world);
  expect(await statusOf(world)).toBe('running');
  const [container] = await sandbox.containers();
  expect(container).toMatchObject({ id: 'box', command: ['forever'], state: { name: 'running' } });
  if (container === undefined) throw new Error('it is gone');
  const process = await container.exec({ command: ['echo', 'hello'] });
  expect(await text(process.stdout)).toBe('hello\n');
  await container.kill('SIGKILL');
  ignoreOutput(container);
  expect(await container.wait()).toBe(137);
  await container.remove();
  expect([...world.shares.keys()]).toEqual([]);
  expect((await readRecord(sandbox.directory))?.survival?.containers).toEqual([]);
  await sandbox.stop();
  expect(await world.leftovers()).toEqual([]);
});

test('a guest that loses its first request, for its port has just changed hands, is asked again', async () => {
  let checks = 0;
  await using world = await sandboxWorld({
    before: async (method, options) => {
      if (method !== 'check') return;
      checks += 1;
      if (checks === 2) await once(options?.signal ?? new EventTarget(), 'abort');
    },
  });
  await orphan(world);
  const sandbox = await adopt(world);
  expect(checks).toBe(3);
  await sandbox.stop();
});

test('the name of a sandbox that goes on without its owner stays taken', async () => {
  await using world = await sandboxWorld();
  await orphan(world);
  await expect(world.create()).rejects.toMatchObject({
    code: 'name_in_use',
    remedy: expect.stringContaining('hako stop box') as unknown,
  });
  expect(await statusOf(world)).toBe('orphaned');
  await (await adopt(world)).stop();
  expect(await world.leftovers()).toEqual([]);
});

test('further programs of an adopted container are held to what its first one was', async () => {
  await using world = await sandboxWorld();
  const { agent, image } = world;
  const first = await world.create(keep);
  const limits = { noNewPrivileges: true, rlimits: [{ name: 'nofile', soft: 10, hard: 20 }] };
  const started = await first.createContainer({ image, command: ['forever'], ...limits });
  ignoreOutput(started);
  await started.start();
  await first.release();
  await using sandbox = await adopt(world);
  const [container] = await sandbox.containers();
  const asked: unknown[] = [];
  const exec = agent.execProcess.bind(agent);
  agent.execProcess = (request, options) => {
    asked.push(request.process);
    return exec(request, options);
  };
  if (container === undefined) throw new Error('it is gone');
  const process = await container.exec({ command: ['echo', 'hello'] });
  expect(await text(process.stdout)).toBe('hello\n');
  const limit = { Type: 'RLIMIT_NOFILE', Soft: 10n, Hard: 20n };
  expect(asked).toMatchObject([
    { NoNewPrivileges: true, Rlimits: expect.arrayContaining([limit]) as unknown },
  ]);
});

test('letting go that fails is told, and nobody waits for the end of what is no longer this process’s', async () => {
  await using world = await sandboxWorld();
  await using sandbox = await world.create(keep);
  await sandbox.ready();
  const [vm] = world.hypervisor.vms;
  if (vm === undefined) throw new Error('there is no machine');
  vm.release = () => Promise.reject(new HypervisorError('invalid_state', 'it has just ended'));
  await expect(sandbox.release()).rejects.toMatchObject({ code: 'invalid_state' });
  expect(await sandbox.ended).toEqual({ name: 'released' });
  await vm.stop();
});

test("of two that adopt one wins, the other is told, and an owned one is nobody else's", async () => {
  await using world = await sandboxWorld();
  await orphan(world);
  const attempts = await Promise.allSettled([adopt(world), adopt(world), adopt(world)]);
  expect(attempts.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected', 'rejected']);
  for (const attempt of attempts) {
    if (attempt.status === 'rejected') expect(attempt.reason).toMatchObject({ code: 'invalid_state' });
    else await attempt.value.stop();
  }
  await expect(adopt(world)).rejects.toMatchObject({ code: 'sandbox_not_found' });
});

test('a sandbox that ends with its owner is not let go of', async () => {
  await using world = await sandboxWorld();
  await using sandbox = await world.create();
  await sandbox.ready();
  await expect(sandbox.release()).rejects.toMatchObject({ code: 'invalid_state' });
  expect((await readRecord(sandbox.directory))?.survival).toBeUndefined();
});

test.for<{
  readonly state: RecordedContainerState;
  readonly calls: readonly string[];
  readonly left: number;
}>([
  { state: 'creating', calls: ['removeContainer'], left: 0 },
  { state: 'created', calls: [], left: 1 },
  { state: 'starting', calls: ['startContainer'], left: 1 },
  { state: 'running', calls: [], left: 1 },
  { state: 'paused', calls: [], left: 1 },
  { state: 'stopped', calls: [], left: 1 },
  { state: 'removing', calls: ['removeContainer'], left: 0 },
])('a container found $state is brought to an end of that: $calls', async ({ state, calls, left }) => {
  await using world = await sandboxWorld();
  await orphan(world);
  const directory = join(world.runRoot, 'box');
  const record = await readRecord(directory);
  const [first] = record?.survival?.containers ?? [];
  if (record?.survival === undefined || first === undefined) throw new Error('nothing is written down');
  expect(first.state).toBe('running');
  await writeRecord(directory, {
    ...record,
    survival: { ...record.survival, containers: [{ ...first, state }] },
  });
  const before = world.agent.calls.length;
  await using sandbox = await adopt(world);
  const asked = world.agent.calls.slice(before).filter((call) => /Container$/.test(call));
  expect(asked).toEqual(calls);
  expect((await sandbox.containers()).length).toBe(left);
  expect(world.shares.size > 0).toBe(left > 0);
});

test('the books follow the devices of the machine, and what is in them is taken over', async () => {
  await using world = await sandboxWorld();
  await orphan(world);
  const sandbox = await adopt(world);
  const { survival } = (await readRecord(sandbox.directory)) ?? {};
  expect(survival).toMatchObject({ vm: { driver: 'fake', version: 1 }, options: { onOwnerExit: 'keep' } });
  await sandbox.stop();
});

test.for([
  { name: 'cannot be understood', damage: (value: object) => ({ ...value, survival: { vm: value } }) },
  {
    name: 'has options that are none',
    damage: (value: object) => ({ ...value, survival: 'nothing' }),
  },
])('a record that $name is no orphan: it is cleaned away', async ({ damage }) => {
  await using world = await sandboxWorld();
  await orphan(world);
  const path = join(world.runRoot, 'box', 'state.json');
  const value: unknown = JSON.parse(await readFile(path, 'utf8'));
  await writeFile(path, JSON.stringify(damage(value as object)));
  expect(await statusOf(world)).toBeUndefined();
  expect(await world.leftovers()).toEqual([]);
});

test('an agent that does not answer leaves the sandbox an orphan, and it is stopped by force', async () => {
  let isSilent = false;
  await using world = await sandboxWorld({
    before: (method) => (isSilent && method === 'check' ? Promise.reject(new Error('no')) : undefined),
  });
  await orphan(world);
  isSilent = true;
  const attempt = adoptSandbox('box', { runRoot: world.runRoot, timeoutMs: 300 }, world.components);
  await expect(attempt).rejects.toMatchObject({ code: 'agent_failed' });
  expect(await statusOf(world)).toBe('orphaned');
  isSilent = false;
  await (await adopt(world)).stop();
  expect(await world.leftovers()).toEqual([]);
});

test.for([
  { what: 'socket that cannot be served', taken: undefined },
  { what: 'socket whose place is taken', taken: 'agent.sock' },
  { what: 'record that cannot be written', taken: 'state.json.new' },
])(
  'a $what when everything else is taken up leaves the sandbox as it is, for another attempt',
  async ({ taken }) => {
    let fails = false;
    await using world = await sandboxWorld({
      onStep: (step) => {
        if (fails && taken === undefined && step === 'serve') throw new Error('no space left on device');
      },
    });
    await orphan(world);
    fails = true;
    const directory = join(world.runRoot, 'box');
    if (taken !== undefined) await mkdir(join(directory, taken));
    await expect(adopt(world)).rejects.toMatchObject({ code: 'boot_failed' });
    expect(await statusOf(world)).toBe('orphaned');
    fails = false;
    if (taken !== undefined) await rm(join(directory, taken), { recursive: true });
    const sandbox = await adopt(world);
    expect((await sandbox.containers()).map(({ state }) => state)).toEqual([{ name: 'running' }]);
    await sandbox.stop();
    expect(await world.leftovers()).toEqual([]);
  },
);

test('an adoption that is aborted when it is nearly done lets go of everything before it says so', async () => {
  const controller = new AbortController();
  let checks = 0;
  await using world = await sandboxWorld({
    before: async (method, options) => {
      if (method !== 'removeContainer' || checks > 0) return;
      checks += 1;
      controller.abort();
      await once(options?.signal ?? new EventTarget(), 'abort');
    },
  });
  await orphan(world);
  const directory = join(world.runRoot, 'box');
  const record = await readRecord(directory);
  if (record?.survival === undefined) throw new Error('nothing is written down');
  // Its removal is what the adopter is busy with.
  const [container] = record.survival.containers;
  if (container === undefined) throw new Error('there is no container');
  const containers = [{ ...container, state: 'removing' as const }];
  await writeRecord(directory, { ...record, survival: { ...record.survival, containers } });
  const attempt = adoptSandbox(
    'box',
    { runRoot: world.runRoot, signal: controller.signal },
    world.components,
  );
  await expect(attempt).rejects.toMatchObject({ code: 'aborted' });
  expect(checks).toBe(1);
  expect(world.hypervisor.vms.at(-1)?.state).toBe('stopped');
  expect(await world.hypervisor.vms.at(-1)?.exited).toMatchObject({ reason: 'released' });
  expect(await statusOf(world)).toBe('orphaned');
  expect([...world.agent.containers.keys()]).toEqual(['box']);
  await (await adopt(world)).stop();
  expect([...world.agent.containers.keys()]).toEqual([]);
  expect(await world.leftovers()).toEqual([]);
});

test('what the sandbox was made from may be gone from the host', async () => {
  await using world = await sandboxWorld();
  const source = join(world.directory, 'source');
  await mkdir(source);
  const first = await world.create({ ...keep, bindMounts: [source] });
  await first.ready();
  await first.release();
  await rm(source, { recursive: true });
  const sandbox = await adopt(world);
  expect(sandbox.state).toEqual({ name: 'running' });
  await sandbox.stop();
});

test.for([
  { name: 'machine', code: 'vmm_exited' },
  { name: 'file sharing', code: undefined },
] as const)(
  'a sandbox whose $name is gone is cleaned away by whoever wants to adopt it',
  async ({ code }) => {
    await using world = await sandboxWorld();
    await orphan(world);
    const gone = new SandboxError('vm_exited', 'the file sharing of the sandbox has ended');
    const components = {
      ...world.components,
      ...(code === undefined
        ? { adoptFileShare: () => Promise.reject(gone) }
        : { hypervisor: new FakeHypervisor() }),
    };
    const attempt = adoptSandbox('box', { runRoot: world.runRoot }, components);
    await expect(attempt).rejects.toMatchObject({ code: 'vm_exited' });
    expect(await world.leftovers()).toEqual([]);
  },
);

test('sharing that cannot be kept is refused before anything is made', async () => {
  await using world = await sandboxWorld();
  await expect(world.create({ ...keep, sharing: 'none' })).rejects.toMatchObject({
    code: 'invalid_options',
  });
  expect(await world.leftovers()).toEqual([]);
  await expect(stopSandbox('box', { runRoot: world.runRoot })).rejects.toMatchObject({
    code: 'sandbox_not_found',
  });
});
