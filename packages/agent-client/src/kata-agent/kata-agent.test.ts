// SPDX-License-Identifier: Apache-2.0
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { connectKataAgent } from '../testing/kata-agent-pair.ts';
import type { AgentSocket } from './agent-socket.ts';
import type { AgentVm } from './agent-vm.ts';
import { createKataAgent, kataAgentMethods, type KataAgent } from './kata-agent.ts';

const error = (code: string, more: object = {}): unknown => expect.objectContaining({ code, ...more });

test("has all methods of Kata's Agent interface and no others", () => {
  const names = Object.keys(createKataAgent()).toSorted();
  expect(names).toEqual([...kataAgentMethods].toSorted());
  expect(kataAgentMethods).toHaveLength(54);
});

describe('the connection', () => {
  test('is dialed by the first request and kept [proves KataAgent.init, KataAgent.capabilities, KataAgent.longLiveConn]', async () => {
    await using it = connectKataAgent();
    expect(it.agent.init({ trace: true })).toEqual({ disableVmShutdown: true });
    expect([it.agent.longLiveConn(), it.agent.capabilities()]).toEqual([true, { blockDevices: true }]);
    await it.agent.check();
    await it.agent.check();
    expect(it.dials).toEqual(['vsock://3:1024']);
  });

  test('ends after each request when it is not to live long', async () => {
    await using it = connectKataAgent();
    it.agent.init({ longLiveConn: false });
    await it.agent.check();
    await it.agent.check();
    expect([it.agent.longLiveConn(), it.dials.length]).toEqual([false, 2]);
  });

  test('that has ended fails requests until disconnect [proves KataAgent.disconnect]', async () => {
    await using it = connectKataAgent(() => undefined);
    await it.agent.check();
    it.fake.crash();
    await expect(it.agent.check()).rejects.toEqual(error('connection_closed'));
    await expect(it.agent.check()).rejects.toEqual(error('connection_closed'));
    await it.agent.disconnect();
    await it.agent.disconnect();
    await expect(it.agent.check()).rejects.toBeDefined();
    expect(it.dials).toHaveLength(2);
  });

  test('that cannot be made makes the agent dead for good, disconnected or not', async () => {
    const agent = createKataAgent({ dialUrl: () => () => Promise.reject(new Error('refused')) });
    agent.init({ dialTimeoutMs: 5 });
    agent.load({ url: 'vsock://3:1024' });
    await expect(agent.check()).rejects.toEqual(error('dial_timeout'));
    await expect(agent.check()).rejects.toEqual(error('dead_agent'));
    await agent.disconnect();
    await expect(agent.check()).rejects.toEqual(error('dead_agent'));
  });

  test('ends by markDead, and what waits on it fails [proves KataAgent.markDead]', async () => {
    await using it = connectKataAgent();
    it.fake.hang('getOOMEvent');
    const waiting = it.agent.getOOMEvent().catch((reason: unknown) => reason);
    await it.agent.check();
    await it.agent.markDead('monitor');
    expect(await waiting).toEqual(error('connection_closed'));
    await expect(it.agent.listRoutes()).rejects.toEqual(error('dead_agent', { cause: 'monitor' }));
  });

  test('is taken over by reuseAgent [proves KataAgent.reuseAgent]', async () => {
    await using first = connectKataAgent();
    await using second = connectKataAgent();
    await first.agent.check();
    await second.agent.reuseAgent(first.agent);
    await second.agent.check();
    expect([first.dials.length, second.dials.length]).toEqual([1, 0]);
    expect(first.fake.calls).toHaveLength(2);
    await expect(second.agent.reuseAgent({} as KataAgent)).rejects.toEqual(error('invalid_request'));
  });

  test('is described by save for another process to load [proves KataAgent.save, KataAgent.load, KataAgent.cleanup]', async () => {
    await using it = connectKataAgent();
    expect(it.agent.save()).toEqual({ url: 'vsock://3:1024' });
    const next = createKataAgent();
    next.load(it.agent.save());
    expect(next.save()).toEqual({ url: 'vsock://3:1024' });
    next.cleanup();
  });

  test.each([0, -1, Number.NaN])('a timeout of %s is refused', async (createContainerTimeoutMs) => {
    await using it = connectKataAgent();
    it.agent.init({ createContainerTimeoutMs });
    await expect(it.agent.check()).rejects.toEqual(error('invalid_request'));
  });

  test.each(['', 'http://x', 'remote://host/path', 'unix:///x', 'tcp://127.0.0.1:1', 'vsock://x:1'])(
    'a URL such as %j leads nowhere',
    async (url) => {
      const agent = createKataAgent();
      agent.load({ url });
      await expect(agent.check()).rejects.toEqual(error('invalid_request'));
    },
  );
});

describe('a machine', () => {
  const sockets: readonly { socket: AgentSocket; url: string; device: boolean }[] = [
    {
      socket: { kind: 'vsock', contextId: 3, port: 1024 },
      url: 'vsock://3:1024',
      device: true,
    },
    {
      socket: { kind: 'hybrid', path: '/run/vm.sock', port: 1024 },
      url: 'hvsock:///run/vm.sock:1024',
      device: true,
    },
    { socket: { kind: 'serial', path: '/run/port' }, url: 'serial:///run/port', device: true },
    { socket: { kind: 'remote', path: '/run/proxy' }, url: 'remote:///run/proxy', device: false },
    { socket: { kind: 'mock', path: '/run/mock' }, url: 'mock:///run/mock', device: false },
  ];

  function machine(socket: AgentSocket, sharesFiles: boolean) {
    const devices: unknown[] = [];
    const vm: AgentVm = {
      sharesFiles,
      generateSocket: () => Promise.resolve(socket),
      addAgentSocket: async (it) => void devices.push(it),
      addSharedDirectory: async (it) => void devices.push(it),
    };
    return { vm, devices };
  }

  test.each(sockets)(
    'is given its agent at $url [proves KataAgent.createSandbox, KataAgent.getAgentURL, KataAgent.setAgentURL]',
    async ({ socket, url, device }) => {
      await using it = connectKataAgent();
      const { vm, devices } = machine(socket, false);
      expect(() => it.agent.getAgentURL()).toThrow(error('invalid_request'));
      await it.agent.createSandbox(vm, 's1', '/nowhere');
      expect(devices).toEqual(device ? [socket] : []);
      expect(it.agent.getAgentURL()).toBe(url);
      it.agent.setAgentURL();
      expect(it.agent.save()).toEqual({ url });
    },
  );

  test('shares a directory that is made for it [proves KataAgent.configure]', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'hako-share-'));
    const path = join(directory, 'a/shared');
    await using it = connectKataAgent();
    const { vm, devices } = machine(sockets[0]!.socket, true);
    await it.agent.configure(vm, 's1', path);
    expect(devices).toEqual([sockets[0]!.socket, { tag: 'kataShared', path }]);
    expect((await stat(path)).mode & 0o777).toBe(0o750);
    await rm(directory, { recursive: true });
  });

  test('that another process has configured is known by its socket [proves KataAgent.configureFromGrpc]', async () => {
    await using it = connectKataAgent();
    await it.agent.configureFromGrpc(machine(sockets[1]!.socket, true).vm, 's1', { longLiveConn: false });
    expect([it.agent.getAgentURL(), it.agent.longLiveConn()]).toEqual(['hvsock:///run/vm.sock:1024', false]);
  });

  test('is told policy, network and sandbox in this order [proves KataAgent.startSandbox]', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'hako-dns-'));
    const resolvConfPath = join(directory, 'resolv.conf');
    await writeFile(resolvConfPath, 'nameserver 1.1.1.1\nsearch x\n');
    await using it = connectKataAgent();
    for (const name of ['setPolicy', 'updateInterface', 'updateRoutes', 'addARPNeighbors'] as const)
      it.fake.intercept(name, () => Promise.resolve({}));
    it.agent.init({ policy: 'package p', kernelModules: ['e1000e a=1  b=2', ' ', 'loop'] });
    await it.agent.createSandbox(machine(sockets[0]!.socket, false).vm, 's1', '/nowhere');
    await it.agent.startSandbox({
      id: 's1',
      hostname: 'ä'.repeat(40),
      resolvConfPath,
      network: { interfaces: [{ name: 'a' }, { name: 'b' }], routes: [{ dest: 'x' }], neighbors: [{}] },
    });
    await rm(directory, { recursive: true });
    expect(it.fake.calls.map(({ method }) => method)).toEqual([
      'check',
      'setPolicy',
      'updateInterface',
      'updateInterface',
      'updateRoutes',
      'addARPNeighbors',
      'createSandbox',
    ]);
    expect(it.fake.calls.at(-1)?.request).toMatchObject({
      sandboxId: 's1',
      hostname: 'ä'.repeat(32),
      dns: ['nameserver 1.1.1.1', 'search x', ''],
      kernelModules: [
        { name: 'e1000e', parameters: ['a=1', 'b=2'] },
        { name: 'loop', parameters: [] },
      ],
    });
    expect(it.dials).toEqual(['vsock://3:1024']);
  });

  test('that is somewhere else is told neither network nor modules', async () => {
    await using it = connectKataAgent();
    it.agent.init({ kernelModules: ['loop'] });
    await it.agent.createSandbox(machine(sockets[3]!.socket, false).vm, 's1', '/nowhere');
    await it.agent.startSandbox({
      id: 's1',
      hostname: 'h',
      network: { interfaces: [{}], routes: [{}], neighbors: [{}] },
    });
    expect(it.fake.calls.map(({ method }) => method)).toEqual(['check', 'createSandbox']);
    expect(it.fake.calls[1]?.request).toMatchObject({ kernelModules: [] });
  });

  test('whose name servers cannot be read is not started', async () => {
    await using it = connectKataAgent();
    await it.agent.createSandbox(machine(sockets[0]!.socket, false).vm, 's1', '/nowhere');
    await expect(
      it.agent.startSandbox({ id: 's1', hostname: 'h', resolvConfPath: '/no/such/file' }),
    ).rejects.toEqual(error('invalid_request'));
    expect(it.fake.calls).toEqual([]);
  });
});
