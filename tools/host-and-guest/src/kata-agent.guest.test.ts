// SPDX-License-Identifier: Apache-2.0
import { execFile } from 'node:child_process';
import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { AgentSocket, AgentVm, KataAgent } from '@hako/agent-client';
import { guestMachine, guestRootfs, type RunningGuest, startGuest } from '@hako/agent-grid/guest';
import { testSpec } from '@hako/agent-server/testing';
import { expect, inject, type TaskMeta, test } from 'vitest';
import { watchAgent } from './watched-agent.ts';

const bytesPerMib = 1024 * 1024;
const mac = '02:00:00:00:00:31';

interface AgentInGuest extends AsyncDisposable {
  readonly guest: RunningGuest;
  readonly agent: KataAgent;
  readonly socket: AgentSocket;
  /** Another agent of the host for the same guest. */
  another(): KataAgent;
  /** Text that a script prints in the guest. */
  run(script: string): Promise<string>;
}

/** A machine of its own, and what the host has of its agent. */
async function startAgentInGuest(name: string, meta: TaskMeta): Promise<AgentInGuest> {
  const { files, consolesDir, snapshotDir } = inject('guestTemplate');
  const guest = await startGuest({
    files,
    consolesDir,
    name: `kata-agent ${name}`,
    restoreFrom: snapshotDir,
  });
  const make = (): KataAgent => watchAgent(meta, { dialUrl: () => () => Promise.resolve(guest.stream()) });
  const agent = make();
  const socket: AgentSocket = { kind: 'serial', path: guest.vm.agentAddress.replace('serial://', '') };
  const vm = { generateSocket: () => Promise.resolve(socket) };
  await agent.configureFromGrpc(vm, 's1', { longLiveConn: true });
  agent.setAgentURL();
  return {
    guest,
    agent,
    socket,
    another: make,
    async run(script) {
      const { exitCode, stdout, stderr } = await guest.shell(`set -e; ${script}`);
      expect(exitCode, stderr).toBe(0);
      return stdout.trim();
    },
    async [Symbol.asyncDispose]() {
      await agent[Symbol.asyncDispose]();
      await guest[Symbol.asyncDispose]();
    },
  };
}

async function temporaryDirectory(): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp(join(tmpdir(), 'hako-kata-agent-'));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

test('a sandbox begins, goes from one host process to the next, and ends', async ({ task }) => {
  await using directory = await temporaryDirectory();
  await using it = await startAgentInGuest('sandbox', task.meta);
  const { agent, guest, socket } = it;
  const devices: unknown[] = [];
  const vm: AgentVm = {
    sharesFiles: true,
    generateSocket: () => Promise.resolve(socket),
    addAgentSocket: async (device) => void devices.push(device),
    addSharedDirectory: async (device) => void devices.push(device),
  };
  expect(agent.init({ trace: false })).toEqual({ disableVmShutdown: false });
  expect([agent.capabilities(), agent.longLiveConn()]).toEqual([{ blockDevices: true }, true]);
  await agent.configure(vm, 's1', join(directory.path, 'a'));
  await agent.createSandbox(vm, 's1', join(directory.path, 'b'));
  expect(devices).toHaveLength(4);
  expect(agent.getAgentURL()).toBe(guest.vm.agentAddress);
  agent.setAgentURL();
  await agent.check();
  await agent.startSandbox({ id: 's1', hostname: 'guest' });
  await agent.disconnect();
  await agent.check();

  const next = it.another();
  await next.configureFromGrpc(vm, 's1', { longLiveConn: true });
  next.load(agent.save());
  await next.check();
  await agent.reuseAgent(next);
  await agent.setPolicy(
    'package agent_policy\nimport future.keywords\ndefault DestroySandboxRequest := true\ndefault GetMetricsRequest := false',
  );
  await expect(agent.getAgentMetrics()).rejects.toMatchObject({ status: 7 });
  await agent.stopSandbox();
  await guest.vm.exited;
  await agent.markDead('its machine has ended');
  await expect(agent.check()).rejects.toMatchObject({ code: 'dead_agent' });
  agent.cleanup();
  next.load(agent.save());
});

test('a container lives in a guest', async ({ task }) => {
  await using it = await startAgentInGuest('container', task.meta);
  const { agent } = it;
  await agent.startSandbox({ id: 's1', hostname: 'guest' });
  const script = 'echo why > /dev/termination-log; hostname; busybox tail /dev/zero; sleep 1000';
  const logPath = '/dev/termination-log';
  const spec = testSpec(guestRootfs, ['sh', '-c', script]);
  const termination = {
    destination: logPath,
    type: 'bind',
    source: '/run/hako-test/why',
    options: ['rbind'],
  };
  await it.run(`: > ${termination.source}`);
  const oom = agent.getOOMEvent();
  const init = await agent.createContainer({
    id: 'c1',
    spec: {
      ...spec,
      mounts: [...(spec.mounts ?? []), termination],
      annotations: { 'io.kubernetes.container.terminationMessagePath': logPath },
      linux: {
        namespaces: [{ type: 'mount' }, { type: 'uts' }],
        resources: { memory: { limit: 32 * bytesPerMib, swap: 32 * bytesPerMib } },
      },
    },
  });
  await agent.startContainer('c1');
  const first = { containerId: 'c1', token: init.token };
  expect(Buffer.from(await agent.readProcessStdout(first, 100)).toString()).toBe('guest\n');
  expect(await oom).toBe('c1');

  const shell = await agent.exec('c1', { args: ['cat'], env: ['PATH=/bin'], cwd: '/' });
  const second = { containerId: 'c1', token: shell.token };
  expect(await agent.writeProcessStdin(second, Buffer.from('abc'))).toBe(3);
  expect(Buffer.from(await agent.readProcessStdout(second, 100)).toString()).toBe('abc');
  await agent.closeProcessStdin(second);
  expect(await agent.waitProcess(second)).toBe(0);

  const failing = await agent.exec('c1', { args: ['sh', '-c', 'echo no >&2; exit 4'], env: ['PATH=/bin'] });
  const third = { containerId: 'c1', token: failing.token };
  expect(Buffer.from(await agent.readProcessStderr(third, 100)).toString()).toBe('no\n');
  expect(await agent.waitProcess(third)).toBe(4);

  const terminal = await agent.exec('c1', {
    args: ['sh', '-c', 'read line; stty size'],
    env: ['PATH=/bin'],
    terminal: true,
  });
  const fourth = { containerId: 'c1', token: terminal.token };
  await agent.winsizeProcess(fourth, 33, 77);
  await agent.writeProcessStdin(fourth, Buffer.from('\n'));
  let screen = '';
  while (!screen.includes('33 77'))
    screen += Buffer.from(await agent.readProcessStdout(fourth, 100)).toString();

  await agent.updateContainer('c1', { memory: { limit: 64 * bytesPerMib, swap: 64 * bytesPerMib } });
  const { cgroupStats } = await agent.statsContainer('c1');
  expect(cgroupStats?.memoryStats?.usage?.limit).toBe(BigInt(64 * bytesPerMib));
  await agent.pauseContainer('c1');
  await expect(agent.exec('c1', { args: ['true'] })).rejects.toMatchObject({ code: 'rpc_failed' });
  await agent.resumeContainer('c1');
  await agent.signalProcess(first, 9, true);
  expect(await agent.waitProcess(first)).toBe(137);
  expect(await agent.getDiagnosticData({ logType: 'termination_log', containerId: 'c1' })).toBe('why\n');
  await agent.removeStaleVirtiofsShareMounts();
  await agent.stopContainer('c1');
});

test('a guest is told of its machine, and tells of itself', async ({ task }) => {
  await using directory = await temporaryDirectory();
  await using it = await startAgentInGuest('machine', task.meta);
  const { agent, guest } = it;
  const plug = guestMachine(guest);
  const cache = '/run/kata-containers/sandbox/ephemeral/cache';
  const volume = { driver: 'ephemeral', source: 'tmpfs', fstype: 'tmpfs', mountPoint: cache };
  const disk = join(directory.path, 'ext4.img');
  await writeFile(disk, '');
  await truncate(disk, 32 * bytesPerMib);
  await promisify(execFile)('/sbin/mkfs.ext4', ['-q', disk]);
  await truncate(disk, 64 * bytesPerMib);
  const data = '/run/kata-containers/sandbox/storage/data';
  const { pciPath } = await plug.plugDisk({ sizeMib: 64, driver: 'virtio-blk', imagePath: disk });
  await agent.startSandbox({
    id: 's1',
    hostname: 'guest',
    storages: [
      { ...volume, options: ['size=4m'] },
      { driver: 'blk', source: pciPath, fstype: 'ext4', mountPoint: data },
    ],
  });

  const { memBlockSizeBytes, supportMemHotplugProbe } = await agent.getGuestDetails();
  expect(memBlockSizeBytes).toBe(128n * 1024n * 1024n);
  const { totalVcpus } = await plug.plugCpus(1);
  await plug.plugMemory({ sizeMib: 128 });
  await agent.onlineCPUMem(totalVcpus, false);
  expect(await it.run('nproc')).toBe(String(totalVcpus));
  // No address: this guest sees plugged memory by itself.
  expect(supportMemHotplugProbe).toBe(false);
  await agent.memHotplugByProbe({ address: 0n, sizeMib: 0, sectionMib: 128 });

  await agent.reseedRNG(Buffer.alloc(64, 1));
  await agent.setGuestDateTime(new Date('2031-02-03T04:05:06Z'));
  expect(await it.run('date -u +%Y-%m-%d')).toBe('2031-02-03');
  const file = join(directory.path, 'file');
  await writeFile(file, Buffer.alloc(3 * bytesPerMib, 'hako'));
  await agent.copyFile(file, '/run/kata-containers/shared/containers/file');
  expect(await it.run('wc -c < /run/kata-containers/shared/containers/file')).toBe(String(3 * bytesPerMib));

  const swap = join(directory.path, 'swap');
  await writeFile(swap, '');
  await truncate(swap, 16 * bytesPerMib);
  await promisify(execFile)('/sbin/mkswap', ['-q', swap]);
  const swapDisk = await plug.plugDisk({ sizeMib: 16, driver: 'virtio-blk', imagePath: swap });
  await agent.addSwap(swapDisk.pciPath.split('/').map((slot) => parseInt(slot, 16)));
  expect(await it.run('tail -n +2 /proc/swaps | wc -l')).toBe('1');

  await agent.updateEphemeralMounts([{ ...volume, options: ['remount', 'size=16m'] }]);
  const { usage } = await agent.getGuestVolumeStats(cache);
  expect(usage[0]?.total).toBe(BigInt(16 * bytesPerMib));
  const before = (await agent.getGuestVolumeStats(data)).usage[0]?.total ?? 0n;
  await agent.resizeGuestVolume(data, 0n);
  expect((await agent.getGuestVolumeStats(data)).usage[0]?.total).toBeGreaterThan(before);
  expect(await agent.getAgentMetrics()).toContain('kata_agent_');

  await plug.plugNic({ mac });
  const eth0 = await agent.updateInterface({
    name: 'eth0',
    device: 'eth0',
    hwAddr: mac,
    mtu: 1400n,
    IPAddresses: [{ family: 0, address: '10.88.0.5', mask: '24' }],
  });
  expect(eth0).toMatchObject({ name: 'eth0', hwAddr: mac });
  expect((await agent.listInterfaces()).map(({ name }) => name)).toContain('eth0');
  await agent.updateRoutes([{ dest: '', gateway: '10.88.0.1', device: 'eth0' }]);
  expect((await agent.listRoutes()).map(({ gateway }) => gateway)).toContain('10.88.0.1');
  const lladdr = '02:00:00:00:00:99';
  await agent.addARPNeighbors([
    { toIPAddress: { family: 0, address: '10.88.0.9' }, device: 'eth0', lladdr, state: 128 },
  ]);
  expect(await it.run('/usr/bin/ip neigh show')).toContain(lladdr);
  const rules = await agent.getIPTables(false);
  await agent.setIPTables(false, rules);
});
