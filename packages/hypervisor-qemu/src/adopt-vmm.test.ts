// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { identifyProcess } from '@hako/hypervisor';
import { expect, test } from 'vitest';
import { adoptVmm, type AdoptedVmm } from './adopt-vmm.ts';
import { survivalSockets } from './process/survival-sockets.ts';
import { disconnectVmm } from './running-vmm.ts';
import { FakeQmpServer } from './testing/fake-qmp-server.ts';
import type { QemuVmState } from './vm-state.ts';

/** A QEMU in a state, of which only the monitor is there; its process is this one. An event may come beside the state. */
async function monitorThatSays(status: string, event?: string) {
  const runDir = await mkdtemp(join(tmpdir(), 'hako-adopt-'));
  const server = createServer((socket) => {
    const qemu: FakeQmpServer = new FakeQmpServer({
      answers: {
        'query-status': () => {
          if (event !== undefined) qemu.emit(event);
          return { return: { status } };
        },
      },
    });
    const { clientEnd } = qemu;
    socket.pipe(clientEnd).pipe(socket);
    socket.on('error', () => undefined).once('close', () => clientEnd.destroy());
  }).listen(survivalSockets(runDir).monitorPath);
  await once(server, 'listening');
  return {
    runDir,
    async [Symbol.asyncDispose]() {
      server.close();
      await rm(runDir, { recursive: true });
    },
  };
}

async function adopt(runDir: string, pid: number): Promise<AdoptedVmm> {
  const own = await identifyProcess(process.pid);
  if (own === undefined) throw new Error('/proc is not readable');
  const state: QemuVmState = {
    config: {
      id: 'box-1',
      runDir,
      kernelPath: '/assets/vmlinux',
      kernelParameters: [],
      vcpus: 1,
      memoryMib: 128,
      sharedMemory: true,
      devices: [],
      agentChannel: 'virtio-serial',
      accelerator: 'auto',
      survivesOwner: true,
    },
    machine: 'q35',
    accelerator: 'tcg',
    road: { kind: 'virtio-serial', socketPath: join(runDir, 'agent-port.sock') },
    hotplug: { devices: [] },
  };
  const request = { process: { ...own, pid }, state, vsock: { dial: undefined, port: 1024 } };
  return await adoptVmm(request, AbortSignal.timeout(15_000));
}

test.for(['io-error', 'internal-error', 'guest-panicked', 'shutdown'])(
  'a machine that is alive and stands still with %s is not taken for one that is gone',
  async (status) => {
    await using qemu = await monitorThatSays(status);
    await expect(adopt(qemu.runDir, process.pid)).rejects.toMatchObject({
      code: 'invalid_state',
      message: `vm box-1 stands still: qemu says ${status}`,
    });
  },
);

test('a machine whose process is another one is gone', async () => {
  await using qemu = await monitorThatSays('running');
  await expect(adopt(qemu.runDir, 1)).rejects.toMatchObject({ code: 'vmm_exited' });
});

test('a machine that runs and has no console is told by what is missing', async () => {
  await using qemu = await monitorThatSays('running');
  await expect(adopt(qemu.runDir, process.pid)).rejects.toMatchObject({ code: 'monitor_failed' });
});

test('a panic of the guest while its machine is taken over is heard', async () => {
  await using qemu = await monitorThatSays('running', 'GUEST_PANICKED');
  const paths = [survivalSockets(qemu.runDir).consolePath, join(qemu.runDir, 'agent-port.sock')];
  const servers = paths.map((path) => createServer().listen(path));
  await Promise.all(servers.map((server) => once(server, 'listening')));
  const { live } = await adopt(qemu.runDir, process.pid);
  await expect(live.panic.promise).resolves.toBeUndefined();
  live.process.unref();
  disconnectVmm(live);
  for (const server of servers) server.close();
});
