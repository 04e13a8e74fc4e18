// SPDX-License-Identifier: Apache-2.0
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Status } from 'nice-grpc-common';
import { describe, expect, test } from 'vitest';
import type { FakeMethod } from '../testing/index.ts';
import { connectKataAgent, fakeNow } from '../testing/kata-agent-pair.ts';
import type { kataAgentMethods, KataAgent } from './kata-agent.ts';

const error = (code: string, more: object = {}): unknown => expect.objectContaining({ code, ...more });
const ref = { containerId: 'c1', token: 'c1' };
const wire = { containerId: 'c1', execId: 'c1' };

type Method = (typeof kataAgentMethods)[number];

interface Case {
  readonly method: Method;
  readonly call: (agent: KataAgent) => Promise<unknown>;
  readonly rpc: FakeMethod;
  readonly request: unknown;
  /** What the guest answers. */
  readonly reply?: object;
  /** What the host is given. */
  readonly result?: unknown;
}

const cases: readonly Case[] = [
  { method: 'check', call: (it) => it.check(), rpc: 'check', request: { service: '' } },
  { method: 'stopSandbox', call: (it) => it.stopSandbox(), rpc: 'destroySandbox', request: {} },
  {
    method: 'exec',
    call: (it) =>
      it.exec('c1', { args: ['ls', '-l'], user: '5:6', supplementaryGroups: ['7'], env: ['A=b'] }),
    rpc: 'execProcess',
    request: expect.objectContaining({
      containerId: 'c1',
      execId: expect.stringMatching(/^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/) as unknown,
      process: expect.objectContaining({
        Args: ['ls', '-l'],
        Env: ['A=b'],
        User: expect.objectContaining({ UID: 5, GID: 6, AdditionalGids: [7] }) as unknown,
        Capabilities: undefined,
      }) as unknown,
    }),
    result: { token: expect.any(String) as unknown, pid: -1, startTime: fakeNow },
  },
  {
    method: 'createContainer',
    call: (it) =>
      it.createContainer({
        id: 'c1',
        spec: { ociVersion: '1.0.2', root: { path: '/r' } },
        sandboxPidns: true,
      }),
    rpc: 'createContainer',
    request: expect.objectContaining({
      ...wire,
      sandboxPidns: true,
      stringUser: undefined,
      stdinPort: 0,
      OCI: expect.objectContaining({ Root: { Path: '/r', Readonly: false } }) as unknown,
    }),
    result: { token: 'c1', pid: -1, startTime: fakeNow },
  },
  {
    method: 'startContainer',
    call: (it) => it.startContainer('c1'),
    rpc: 'startContainer',
    request: { containerId: 'c1' },
  },
  {
    method: 'stopContainer',
    call: (it) => it.stopContainer('c1'),
    rpc: 'removeContainer',
    request: { containerId: 'c1', timeout: 0 },
  },
  {
    method: 'signalProcess',
    call: (it) => it.signalProcess(ref, 15, false),
    rpc: 'signalProcess',
    request: { ...wire, signal: 15 },
  },
  {
    method: 'signalProcess',
    call: (it) => it.signalProcess(ref, 9, true),
    rpc: 'signalProcess',
    request: { containerId: 'c1', execId: '', signal: 9 },
  },
  {
    method: 'winsizeProcess',
    call: (it) => it.winsizeProcess(ref, 24, 80),
    rpc: 'ttyWinResize',
    request: { ...wire, row: 24, column: 80 },
  },
  {
    method: 'writeProcessStdin',
    call: (it) => it.writeProcessStdin(ref, Uint8Array.of(1, 2)),
    rpc: 'writeStdin',
    request: { ...wire, data: Uint8Array.of(1, 2) },
    reply: { len: 2 },
    result: 2,
  },
  {
    method: 'closeProcessStdin',
    call: (it) => it.closeProcessStdin(ref),
    rpc: 'closeStdin',
    request: wire,
  },
  {
    method: 'readProcessStdout',
    call: (it) => it.readProcessStdout(ref, 100),
    rpc: 'readStdout',
    request: { ...wire, len: 100 },
    reply: { data: Uint8Array.of(7) },
    result: Uint8Array.of(7),
  },
  {
    method: 'readProcessStderr',
    call: (it) => it.readProcessStderr(ref, 100),
    rpc: 'readStderr',
    request: { ...wire, len: 100 },
    reply: { data: Uint8Array.of(8) },
    result: Uint8Array.of(8),
  },
  {
    method: 'updateContainer',
    call: (it) => it.updateContainer('c1', { memory: { limit: 4096 } }),
    rpc: 'updateContainer',
    request: expect.objectContaining({
      containerId: 'c1',
      resources: expect.objectContaining({
        Memory: expect.objectContaining({ Limit: 4096n }) as unknown,
      }) as unknown,
    }),
  },
  {
    method: 'waitProcess',
    call: (it) => it.waitProcess(ref),
    rpc: 'waitProcess',
    request: wire,
    reply: { status: 137 },
    result: 137,
  },
  {
    method: 'onlineCPUMem',
    call: (it) => it.onlineCPUMem(4, true),
    rpc: 'onlineCPUMem',
    request: { wait: false, nbCpus: 4, cpuOnly: true },
  },
  {
    method: 'memHotplugByProbe',
    call: (it) => it.memHotplugByProbe({ address: 2n ** 32n, sizeMib: 256, sectionMib: 128 }),
    rpc: 'memHotplugByProbe',
    request: { memHotplugProbeAddr: [2n ** 32n, 2n ** 32n + 2n ** 27n] },
  },
  {
    method: 'statsContainer',
    call: (it) => it.statsContainer('c1'),
    rpc: 'statsContainer',
    request: { containerId: 'c1' },
    reply: { networkStats: [{ name: 'eth0', rxBytes: 2n ** 63n }] },
    result: expect.objectContaining({
      networkStats: [expect.objectContaining({ name: 'eth0', rxBytes: 2n ** 63n })],
    }),
  },
  {
    method: 'pauseContainer',
    call: (it) => it.pauseContainer('c1'),
    rpc: 'pauseContainer',
    request: { containerId: 'c1' },
  },
  {
    method: 'resumeContainer',
    call: (it) => it.resumeContainer('c1'),
    rpc: 'resumeContainer',
    request: { containerId: 'c1' },
  },
  {
    method: 'removeStaleVirtiofsShareMounts',
    call: (it) => it.removeStaleVirtiofsShareMounts(),
    rpc: 'removeStaleVirtiofsShareMounts',
    request: {},
  },
  {
    method: 'reseedRNG',
    call: (it) => it.reseedRNG(Uint8Array.of(9)),
    rpc: 'reseedRandomDev',
    request: { data: Uint8Array.of(9) },
  },
  {
    method: 'updateInterface',
    call: (it) => it.updateInterface({ name: 'eth0', hwAddr: '02:00:00:00:00:01' }),
    rpc: 'updateInterface',
    request: { interface: expect.objectContaining({ name: 'eth0' }) as unknown },
    reply: { name: 'eth0' },
    result: expect.objectContaining({ name: 'eth0' }),
  },
  {
    method: 'listInterfaces',
    call: (it) => it.listInterfaces(),
    rpc: 'listInterfaces',
    request: {},
    reply: { Interfaces: [{ name: 'lo' }] },
    result: [expect.objectContaining({ name: 'lo' })],
  },
  {
    method: 'updateEphemeralMounts',
    call: (it) => it.updateEphemeralMounts([]),
    rpc: 'updateEphemeralMounts',
    request: { storages: [] },
  },
  {
    method: 'updateRoutes',
    call: (it) => it.updateRoutes([{ dest: '10.0.0.0/8' }]),
    rpc: 'updateRoutes',
    request: { routes: { Routes: [expect.objectContaining({ dest: '10.0.0.0/8' })] } },
    reply: { Routes: [{ dest: 'x' }] },
    result: [expect.objectContaining({ dest: 'x' })],
  },
  {
    method: 'listRoutes',
    call: (it) => it.listRoutes(),
    rpc: 'listRoutes',
    request: {},
    reply: { Routes: [] },
    result: [],
  },
  {
    method: 'getGuestDetails',
    call: (it) => it.getGuestDetails(),
    rpc: 'getGuestDetails',
    request: { memBlockSize: true, memHotplugProbe: true },
    reply: { memBlockSizeBytes: 2n ** 27n },
    result: expect.objectContaining({ memBlockSizeBytes: 2n ** 27n }),
  },
  {
    method: 'setGuestDateTime',
    call: (it) => it.setGuestDateTime(new Date(1_700_000_000_123)),
    rpc: 'setGuestDateTime',
    request: { Sec: 1_700_000_000n, Usec: 123_000n },
  },
  {
    method: 'addSwap',
    call: (it) => it.addSwap([2, 1]),
    rpc: 'addSwap',
    request: { PCIPath: [2, 1] },
  },
  {
    method: 'getOOMEvent',
    call: (it) => it.getOOMEvent(),
    rpc: 'getOOMEvent',
    request: {},
    reply: { containerId: 'c1' },
    result: 'c1',
  },
  {
    method: 'getAgentMetrics',
    call: (it) => it.getAgentMetrics(),
    rpc: 'getMetrics',
    request: {},
    reply: { metrics: 'a 1' },
    result: 'a 1',
  },
  {
    method: 'getGuestVolumeStats',
    call: (it) => it.getGuestVolumeStats('/v'),
    rpc: 'getVolumeStats',
    request: { volumeGuestPath: '/v' },
    reply: { usage: [{ available: 5n, unit: 1 }] },
    result: expect.objectContaining({ usage: [expect.objectContaining({ available: 5n })] }),
  },
  {
    method: 'resizeGuestVolume',
    call: (it) => it.resizeGuestVolume('/v', 2n ** 40n),
    rpc: 'resizeVolume',
    request: { volumeGuestPath: '/v', size: 2n ** 40n },
  },
  {
    method: 'getIPTables',
    call: (it) => it.getIPTables(true),
    rpc: 'getIPTables',
    request: { isIpv6: true },
    reply: { data: Uint8Array.of(1) },
    result: Uint8Array.of(1),
  },
  {
    method: 'setIPTables',
    call: (it) => it.setIPTables(false, Uint8Array.of(2)),
    rpc: 'setIPTables',
    request: { isIpv6: false, data: Uint8Array.of(2) },
  },
  {
    method: 'setPolicy',
    call: (it) => it.setPolicy('package p'),
    rpc: 'setPolicy',
    request: { policy: 'package p' },
  },
  {
    method: 'getDiagnosticData',
    call: (it) => it.getDiagnosticData({ logType: 'termination_log', containerId: 'c1' }),
    rpc: 'getDiagnosticData',
    request: { logType: 'termination_log', containerId: 'c1' },
    reply: { data: 'why' },
    result: 'why',
  },
  {
    method: 'addARPNeighbors',
    call: (it) => it.addARPNeighbors([{ device: 'eth0' }]),
    rpc: 'addARPNeighbors',
    request: { neighbors: { ARPNeighbors: [expect.objectContaining({ device: 'eth0' })] } },
  },
];

describe('requests', () => {
  test.each(cases)(
    '$method is $rpc [proves KataAgent.$method]',
    async ({ call, rpc, request, reply = {}, result }) => {
      await using it = connectKataAgent();
      it.fake.intercept(rpc, () => Promise.resolve(reply));
      const answer = await call(it.agent);
      expect(it.fake.calls).toEqual([{ method: rpc, request }]);
      expect(answer).toEqual(result);
    },
  );

  test.each(cases)('an error of the agent comes through $method', async ({ call, rpc }) => {
    await using it = connectKataAgent();
    it.fake.fail(rpc, Status.RESOURCE_EXHAUSTED, 'too much');
    await expect(call(it.agent)).rejects.toEqual(
      error('rpc_failed', { status: Status.RESOURCE_EXHAUSTED, guestText: 'too much' }),
    );
  });

  test('a file is copied in pieces of 1 MiB [proves KataAgent.copyFile]', async () => {
    const path = join(await mkdtemp(join(tmpdir(), 'hako-copy-')), 'file');
    await writeFile(path, Buffer.alloc(2_500_000));
    await using it = connectKataAgent();
    await it.agent.copyFile(path, '/x');
    await rm(join(path, '..'), { recursive: true });
    expect(it.fake.calls.map(({ request }) => (request as { offset: bigint }).offset)).toEqual([
      0n,
      1_048_576n,
      2_097_152n,
    ]);
  });

  test('lists that are not there are not sent', async () => {
    await using it = connectKataAgent();
    expect(await it.agent.updateRoutes(undefined)).toEqual([]);
    await it.agent.addARPNeighbors(undefined);
    await it.agent.updateEphemeralMounts(undefined);
    expect(it.fake.calls).toEqual([]);
  });

  test('an agent too old for neighbours and ephemeral mounts is forgiven', async () => {
    await using it = connectKataAgent();
    await it.agent.addARPNeighbors([]);
    await it.agent.updateEphemeralMounts([]);
    expect(it.fake.calls).toHaveLength(2);
  });

  test.each([
    { user: '1:2:3' },
    { user: 'root' },
    { user: '4294967296' },
    { primaryGroup: 'wheel' },
    { supplementaryGroups: [''] },
  ])('exec refuses %j', async (identity) => {
    await using it = connectKataAgent();
    await expect(it.agent.exec('c1', { args: ['x'], ...identity })).rejects.toEqual(error('invalid_request'));
    expect(it.fake.calls).toEqual([]);
  });

  test('a failed check says so, a late one is told apart', async () => {
    await using it = connectKataAgent();
    it.fake.fail('check', Status.INTERNAL, 'no', 1);
    await expect(it.agent.check()).rejects.toEqual(
      error('rpc_failed', { message: expect.stringMatching(/^agent does not work: /) as unknown }),
    );
    it.fake.hang('check');
    await expect(it.agent.check({ timeoutMs: 5 })).rejects.toEqual(error('timed_out'));
  });
});
