// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path';
import { text } from 'node:stream/consumers';

import { HypervisorError } from '@hako/hypervisor';
import { expect, test } from 'vitest';

import { readRecord } from './run/sandbox-record.ts';
import { SandboxError } from './sandbox-error.ts';
import type { SandboxOptions } from './sandbox-options.ts';
import type { FakeSandboxOptions } from './testing/index.ts';
import { sandboxWorld as setUp } from './testing/sandbox-world.ts';

test('a container runs, prints and gives its exit code; afterwards nothing is left [proves sandbox.createContainer, sandbox.stop, container.start, container.wait]', async () => {
  await using world = await setUp();
  {
    await using sandbox = await world.create();
    const container = await sandbox.createContainer({ image: world.image, command: ['echo', 'hi'] });
    await container.start();
    expect(await text(container.stdout)).toBe('hi\n');
    expect(await text(container.stderr)).toBe('');
    expect(await container.wait()).toBe(0);
    expect(sandbox.state.name).toBe('running');
    expect(await readRecord(sandbox.directory)).toMatchObject({
      status: 'running',
      containerId: 'box',
      command: ['echo', 'hi'],
    });
    expect(sandbox.phases.map(({ name }) => name)).toEqual(
      expect.arrayContaining([
        'prepare host',
        'start virtual machine',
        'boot guest',
        'create container',
        'first byte',
      ]),
    );
  }
  expect(await world.leftovers()).toEqual([]);
  expect(world.shares.size).toBe(0);
  expect(world.agent.calls).toContain('destroySandbox');
  expect(world.hypervisor.vms[0]?.state).toBe('stopped');
});

test('the agent is asked in the order of the protocol', async () => {
  await using world = await setUp();
  await using sandbox = await world.create();
  const container = await sandbox.createContainer({ image: world.image });
  container.discardOutput();
  await container.start();
  await container.wait();
  await container.remove();
  await sandbox.stop();
  const order = [
    'check',
    'createSandbox',
    'createContainer',
    'startContainer',
    'waitProcess',
    'removeContainer',
    'destroySandbox',
  ];
  const calls: readonly string[] = world.agent.calls;
  expect(calls.filter((call) => order.includes(call))).toEqual(order);
});

test('the guest is given the shared directory, shared memory and a writable overlay over the image [proves share virtio-fs]', async () => {
  await using world = await setUp();
  await using sandbox = await world.create({ hostname: 'inner' });
  await sandbox.createContainer({
    image: world.image,
    volumes: [{ source: world.directory, destination: '/data', readOnly: true }],
  });
  expect(world.agent.sandbox).toMatchObject({
    hostname: 'inner',
    sandboxId: 'sandbox-box',
    storages: [
      {
        driver: 'virtio-fs',
        source: 'kataShared',
        fstype: 'virtiofs',
        mountPoint: '/run/kata-containers/shared/containers/',
      },
      { driver: 'ephemeral', source: 'shm', mountPoint: '/run/kata-containers/sandbox/shm' },
    ],
  });
  const request = world.agent.containers.get('box');
  expect(request).toMatchObject({
    execId: 'box',
    storages: [{ driver: 'overlayfs', mountPoint: '/run/kata-containers/box/rootfs' }],
    OCI: { Root: { Path: '/run/kata-containers/box/rootfs' }, Hostname: 'inner' },
    sandboxPidns: false,
  });
  expect([...world.shares.values()].map(({ readOnly }) => readOnly)).toEqual([true, true]);
  expect(request?.OCI?.Mounts).toContainEqual(
    expect.objectContaining({ destination: '/data', type: 'bind' }),
  );
});

test('input reaches the program and its end does too', async () => {
  await using world = await setUp();
  await using sandbox = await world.create();
  const container = await sandbox.createContainer({ image: world.image, command: ['cat'], stdin: 'pipe' });
  container.stderr.resume();
  await container.start();
  container.stdin.end('abc');
  expect(await text(container.stdout)).toBe('abc');
  expect(await container.wait()).toBe(0);
});

test('a signal ends a program with 128 + n, and a second program runs beside it [proves container.kill, container.exec]', async () => {
  await using world = await setUp();
  await using sandbox = await world.create();
  const container = await sandbox.createContainer({ image: world.image, command: ['forever'] });
  container.discardOutput();
  await container.start();
  const second = await container.exec({ command: ['echo', 'beside'] });
  expect(await text(second.stdout)).toBe('beside\n');
  await container.kill('SIGKILL');
  expect(await container.wait()).toBe(137);
  await expect(container.kill()).resolves.toBeUndefined();
});

test('a name in use is refused and the first sandbox is not harmed', async () => {
  await using world = await setUp();
  await using sandbox = await world.create();
  await sandbox.ready();
  await expect(world.create()).rejects.toMatchObject({ code: 'name_in_use' });
  expect(sandbox.state.name).toBe('running');
  expect(await world.leftovers()).toEqual(['box']);
});

test('a missing program has its own code, and the sandbox goes on', async () => {
  await using world = await setUp();
  await using sandbox = await world.create();
  await expect(sandbox.createContainer({ image: world.image, command: ['nope'] })).rejects.toMatchObject({
    code: 'command_not_found',
    message: 'command "nope" not found',
  });
  expect(world.shares.size).toBe(0);
  await expect(sandbox.createContainer({ image: world.image })).resolves.toMatchObject({ id: 'box' });
});

const broken = (): Promise<never> => Promise.reject(new Error('injected'));
const failAt =
  (wanted: string) =>
  (step: string): Promise<void> | undefined =>
    step === wanted ? broken() : undefined;

test.for<{ name: string; options: FakeSandboxOptions; code: string }>([
  { name: 'finding the guest', options: { onStep: failAt('locateAssets') }, code: 'injected' },
  { name: 'file sharing', options: { onStep: failAt('startFileShare') }, code: 'injected' },
  { name: 'starting the machine', options: { script: { onStarting: broken } }, code: 'boot_failed' },
  { name: 'serving the agent', options: { onStep: failAt('serve') }, code: 'boot_failed' },
  { name: 'creating the sandbox', options: { before: failAt('createSandbox') }, code: 'agent_failed' },
  { name: 'sharing the image', options: { onStep: failAt('share.add') }, code: 'agent_failed' },
  { name: 'creating the container', options: { before: failAt('createContainer') }, code: 'agent_failed' },
  { name: 'starting the container', options: { before: failAt('startContainer') }, code: 'agent_failed' },
])('a failure of $name is reported and leaves nothing', async ({ options, code }) => {
  await using world = await setUp(options);
  const attempt = async (): Promise<void> => {
    await using sandbox = await world.create();
    const container = await sandbox.createContainer({ image: world.image });
    await container.start();
  };
  const error = await attempt().then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error instanceof SandboxError ? error.code : (error as Error).message).toBe(code);
  expect(await world.leftovers()).toEqual([]);
  expect(world.shares.size).toBe(0);
  expect(world.hypervisor.vms.every((vm) => vm.state !== 'running')).toBe(true);
});

test.for(['locateAssets', 'startFileShare', 'serve', 'share.add'] as const)(
  'an abort during %s leaves nothing',
  async (wanted) => {
    const controller = new AbortController();
    await using world = await setUp({
      onStep: (step) => {
        if (step === wanted) controller.abort(new Error('stop it'));
      },
    });
    const attempt = async (): Promise<void> => {
      await using sandbox = await world.create({ signal: controller.signal });
      await sandbox.createContainer({ image: world.image, signal: controller.signal });
    };
    await expect(attempt()).rejects.toMatchObject({ code: 'aborted' });
    expect(await world.leftovers()).toEqual([]);
  },
);

test('an agent that never answers is given up in time', async () => {
  await using world = await setUp({
    before: (method) => (method === 'check' ? new Promise(() => undefined) : undefined),
  });
  const sandbox = await world.create({ bootTimeoutMs: 50 });
  await expect(sandbox.ready()).rejects.toMatchObject({ code: 'boot_failed' });
  expect(await sandbox.ended).toMatchObject({ name: 'failed' });
  expect(await world.leftovers()).toEqual([]);
});

test.for([
  {
    name: 'machine',
    lose: (world: Awaited<ReturnType<typeof setUp>>) =>
      world.hypervisor.vms[0]?.guest.exitVmm({ signal: 'SIGKILL' }),
  },
  {
    name: 'file sharing',
    lose: (world: Awaited<ReturnType<typeof setUp>>) => world.crashFileShare(),
    // Whose sharing it was is in what the share says.
    says: 'file sharing failed: crashed',
  },
])(
  'when the $name is lost, everything pending ends at once and the host is cleaned',
  async ({ lose, says = 'the virtual machine ended unexpectedly' }) => {
    await using world = await setUp();
    await using sandbox = await world.create();
    const container = await sandbox.createContainer({ image: world.image, command: ['forever'] });
    container.discardOutput();
    container.stdout.on('error', () => undefined);
    container.stderr.on('error', () => undefined);
    await container.start();
    const waiting = container.wait();
    lose(world);
    await expect(waiting).rejects.toThrow(says);
    expect(await sandbox.ended).toMatchObject({ name: 'failed', error: { code: 'vm_exited' } });
    await expect(container.exec({ command: ['echo'] })).rejects.toMatchObject({ code: 'vm_exited' });
    expect(await world.leftovers()).toEqual([]);
  },
);

test('a driver error keeps its meaning', async () => {
  await using world = await setUp({
    script: {
      onStarting: () =>
        Promise.reject(new HypervisorError('vmm_missing', 'qemu is not installed', { remedy: 'install it' })),
    },
  });
  const sandbox = await world.create();
  await expect(sandbox.ready()).rejects.toMatchObject({ code: 'tool_missing', remedy: 'install it' });
  await sandbox.ended;
});

test('a record is kept, and tells how it ended, only when there was a container', async () => {
  await using world = await setUp();
  const empty = await world.create({ keepRecord: true });
  await empty.ready();
  await empty.stop();
  expect(await world.leftovers()).toEqual([]);
  const used = await world.create({ keepRecord: true });
  await used.createContainer({ image: world.image });
  await used.stop({ exitCode: 3 });
  expect(await readRecord(used.directory)).toMatchObject({
    status: 'exited',
    exitCode: 3,
    finishedAt: expect.any(String) as unknown,
  });
});

test('stop is idempotent, also at once and while booting [proves sandbox.ready]', async () => {
  await using world = await setUp();
  const sandbox = await world.create();
  await Promise.all([sandbox.stop(), sandbox.stop()]);
  await sandbox.stop();
  expect(sandbox.state.name).toBe('stopped');
  await expect(sandbox.createContainer({ image: world.image })).rejects.toMatchObject({
    code: 'invalid_state',
  });
  expect(await world.leftovers()).toEqual([]);
});

test.for<{ options: SandboxOptions; code: string; message: string }>([
  { options: { memoryMib: 127 }, code: 'invalid_options', message: '127 MiB' },
  { options: { memoryMib: 200.5 }, code: 'invalid_options', message: '200.5 MiB' },
  { options: { vcpus: 0 }, code: 'invalid_options', message: '0 virtual CPUs' },
  { options: { id: '../up' }, code: 'invalid_options', message: '"../up"' },
  { options: { id: 'x' }, code: 'invalid_options', message: '"x"' },
  { options: { hostname: 'a b' }, code: 'invalid_options', message: '"a b"' },
  {
    options: { runRoot: `/tmp/${'long/'.repeat(20)}` },
    code: 'socket_path_too_long',
    message: 'the system allows 107',
  },
])('refused before anything is made: $message', async ({ options, code, message }) => {
  await using world = await setUp();
  await expect(world.create(options)).rejects.toMatchObject({
    code,
    message: expect.stringContaining(message) as unknown,
  });
  expect(world.steps).toEqual([]);
  expect(await world.leftovers()).toEqual([]);
});

test('the first machine is saved as template, the next starts from it with its own time and random numbers [proves templates]', async () => {
  await using world = await setUp();
  for (const kind of ['saved', 'started from it']) {
    const callsBefore = world.agent.calls.length;
    await using sandbox = await world.create({ template: 'always' });
    const container = await sandbox.createContainer({ image: world.image, command: ['echo', 'hi'] });
    await container.start();
    expect(await text(container.stdout), kind).toBe('hi\n');
    container.stderr.resume();
    await container.wait();
    const calls = world.agent.calls.slice(callsBefore);
    expect(calls, kind).toEqual(expect.arrayContaining(['reseedRandomDev', 'setGuestDateTime']));
    const vm = world.hypervisor.vms.at(-1);
    // Ports can be saved, a share cannot.
    expect(new Set(vm?.config.devices.map((device) => device.kind)), kind).toEqual(new Set(['serial-port']));
    expect(vm?.pluggedDevices, kind).toMatchObject([{ device: { kind: 'virtio-fs' } }]);
  }
  const saves = world.hypervisor.calls.filter(({ method }) => method === 'save');
  expect(saves).toHaveLength(1);
  expect(world.hypervisor.vms.map(({ config }) => config.restoreFrom !== undefined)).toEqual([false, true]);
});

test('a template that cannot be saved costs nothing but the template', async () => {
  await using world = await setUp();
  await using sandbox = await world.create({
    template: 'always',
    cacheDirectory: join(world.directory, 'kernel'),
  });
  await sandbox.ready();
  expect(sandbox.state.name).toBe('running');
});

test('a sandbox with a network has a card, an address, a route and name servers [proves endpoint user]', async () => {
  await using world = await setUp();
  const ports = [{ hostPort: 65_431, guestPort: 80 }];
  await using sandbox = await world.create({ network: { kind: 'user', ports } });
  const container = await sandbox.createContainer({ image: world.image });
  const [card] = world.hypervisor.vms[0]?.pluggedDevices ?? [];
  expect(card?.device).toMatchObject({
    kind: 'network',
    backend: { kind: 'user', forwards: [{ protocol: 'tcp', hostAddress: '127.0.0.1', ...ports[0] }] },
  });
  expect(world.agent.network).toMatchObject([
    { interface: { name: 'eth0', hwAddr: '02:68:61:6b:6f:01', IPAddresses: [{ address: '10.0.2.15' }] } },
    { routes: { Routes: [{ dest: '', gateway: '10.0.2.2', device: 'eth0' }] } },
  ]);
  expect(world.agent.sandbox?.dns).toEqual(['nameserver 10.0.2.3']);
  const mounts = world.agent.containers.get(container.id)?.OCI?.Mounts;
  expect(mounts?.filter((mount) => mount.destination === '/etc/resolv.conf')).toMatchObject([
    { source: '/etc/resolv.conf', options: ['rbind', 'rprivate', 'ro'] },
  ]);
});

test('a sandbox without a network has neither card nor name servers', async () => {
  await using world = await setUp();
  await using sandbox = await world.create();
  const container = await sandbox.createContainer({ image: world.image });
  expect(world.hypervisor.vms[0]?.pluggedDevices).toEqual([]);
  expect(world.agent.network).toEqual([]);
  const mounts = world.agent.containers.get(container.id)?.OCI?.Mounts;
  expect(mounts?.map(({ destination }) => destination)).not.toContain('/etc/resolv.conf');
});

test('before a machine is saved its agent takes one container through its life, of which nothing is left', async () => {
  await using world = await setUp();
  await using sandbox = await world.create({ template: 'always' });
  await sandbox.ready();
  const calls = world.agent.calls.slice(0, world.agent.calls.lastIndexOf('check'));
  expect(calls.filter((call) => call !== 'check')).toEqual(
    expect.arrayContaining(['createSandbox', 'createContainer', 'startContainer', 'removeContainer']),
  );
  expect(calls.indexOf('removeContainer')).toBe(calls.length - 1);
  expect([...world.agent.containers.keys()]).toEqual([]);
});

test('a machine whose agent fails the rehearsal is not saved, and serves all the same', async () => {
  let refusals = 0;
  await using world = await setUp({
    before: (method) => {
      if (method === 'startContainer' && refusals++ === 0) throw new Error('not today');
    },
  });
  await using sandbox = await world.create({ template: 'always' });
  const container = await sandbox.createContainer({ image: world.image });
  container.discardOutput();
  await container.start();
  expect(await container.wait()).toBe(0);
  expect(world.hypervisor.calls.map(({ method }) => method)).not.toContain('save');
});
