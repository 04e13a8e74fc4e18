// SPDX-License-Identifier: Apache-2.0
import { mkdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Status } from 'nice-grpc-common';
import { describe, expect, test } from 'vitest';
import { startFakeAgent } from '../testing/agent-harness.ts';
import { runContainer, sleeper } from '../testing/ready-sandbox.ts';
import { createRequest } from '../testing/test-spec.ts';
import { refusal } from '../testing/refusal.ts';

describe('CreateContainer on a fake machine', () => {
  test('hands the runtime namespaces of the sandbox, one pid namespace and no network', async () => {
    await using harness = await startFakeAgent();
    const { client, rootfs, paths, runtime } = harness;
    await client.createSandbox({ hostname: 'box' });
    const namespaces = ['mount', 'ipc', 'uts', 'pid', 'network'].map((type) => ({ type, path: '/host/ns' }));
    const changes = {
      hostname: 'dropped',
      linux: { namespaces: [{ type: 'mount' }, ...namespaces.slice(1)] },
    };
    await client.createContainer(createRequest('c1', rootfs, sleeper, changes));
    const { spec } = runtime.containers.get('c1')!;
    expect(spec.hostname).toBeUndefined();
    expect(spec.linux?.namespaces).toEqual([
      { type: 'mount' },
      { type: 'ipc', path: join(paths.namespacesDir, 'ipc') },
      { type: 'uts', path: join(paths.namespacesDir, 'uts') },
      { type: 'pid' },
    ]);
    expect(spec.root).toEqual({ path: join(paths.kataDir, 'c1/rootfs'), readonly: false });
    expect(spec.linux?.cgroupsPath).toBe('/c1');
  });

  test('shares the pid namespace of the first container when asked to', async () => {
    await using harness = await startFakeAgent();
    const { client, rootfs, runtime, mounter, paths } = harness;
    for (const id of ['c1', 'c2']) {
      await client.createContainer({ ...createRequest(id, rootfs, sleeper), sandboxPidns: true });
    }
    const pidNamespaceOf = (id: string) =>
      runtime.containers.get(id)!.spec.linux!.namespaces!.filter(({ type }) => type === 'pid');
    expect(pidNamespaceOf('c1')).toEqual([{ type: 'pid' }]);
    const { pid } = runtime.containers.get('c1')!.init;
    const path = join(paths.namespacesDir, 'pid');
    expect(mounter.entries).toContainEqual(
      expect.objectContaining({ source: `/proc/${pid}/ns/pid`, target: path }),
    );
    expect(pidNamespaceOf('c2')).toEqual([{ type: 'pid', path }]);
  });

  test('refuses to share a pid namespace whose first process has ended [INTERNAL]', async () => {
    await using harness = await startFakeAgent();
    const { client, rootfs } = harness;
    await runContainer(harness, 'c1', ['true']);
    await client.waitProcess({ containerId: 'c1' });
    const request = { ...createRequest('c2', rootfs, sleeper), sandboxPidns: true };
    await expect(client.createContainer(request)).rejects.toMatchObject(
      refusal(Status.INTERNAL, 'no pid namespace to share any more'),
    );
    await client.removeContainer({ containerId: 'c1' });
    await client.createContainer(request);
  });

  test('makes only one of two requests that come together the first', async () => {
    await using harness = await startFakeAgent();
    const { client, rootfs, runtime } = harness;
    await Promise.all(
      ['c1', 'c2'].map((id) =>
        client.createContainer({ ...createRequest(id, rootfs, sleeper), sandboxPidns: true }),
      ),
    );
    const shared = [...runtime.containers.values()].filter(({ spec }) =>
      spec.linux!.namespaces!.some(({ type, path }) => type === 'pid' && path !== undefined),
    );
    expect(shared).toHaveLength(1);
  });

  test('spells out that nothing is dropped when no capabilities are given', async () => {
    await using harness = await startFakeAgent();
    await harness.client.createContainer(createRequest('c1', harness.rootfs, sleeper));
    const capabilities = harness.runtime.containers.get('c1')!.spec.process!.capabilities!;
    expect(capabilities.effective).toContain('CAP_CHOWN');
    expect(capabilities.permitted).toEqual(capabilities.bounding);
  });

  test('releases storages, mounts and directories when the runtime fails', async () => {
    await using harness = await startFakeAgent();
    const { client, rootfs, runtime, mounter, paths } = harness;
    runtime.failures.create = new Error('out of luck');
    const volume = {
      driver: 'virtio-fs',
      source: 'vol',
      fstype: 'virtiofs',
      mountPoint: join(paths.kataDir, 'vol'),
    };
    await expect(
      client.createContainer({ ...createRequest('c1', rootfs, sleeper), storages: [volume] }),
    ).rejects.toMatchObject({ code: Status.INTERNAL, details: 'internal error' });
    expect(harness.log.some(({ message }) => message === 'handler failed')).toBe(true);
    expect(mounter.entries).toEqual([]);
    await expect(stat(join(paths.kataDir, 'c1'))).rejects.toMatchObject({ code: 'ENOENT' });
  });

  test.each([
    { title: 'no type', device: { containerPath: '/dev/x', id: '02' }, text: 'has no type' },
    { title: 'no container path', device: { type: 'blk', id: '02' }, text: 'no container path' },
    { title: 'no address', device: { type: 'blk', containerPath: '/dev/x' }, text: 'neither id nor vm path' },
    { title: 'an unknown type', device: { type: 'tape', containerPath: '/dev/x', id: '02' }, text: '"tape"' },
  ])('refuses a device with $title', async ({ device, text }) => {
    await using harness = await startFakeAgent();
    await expect(
      harness.client.createContainer({ ...createRequest('c1', harness.rootfs, sleeper), devices: [device] }),
    ).rejects.toMatchObject(refusal(Status.INTERNAL, text));
  });

  test('runs hooks of the guest image only for a container without hooks of its own', async () => {
    const ran: string[] = [];
    await using harness = await startFakeAgent({
      components: {
        runHooks: (stage, hooks, state) => {
          ran.push(...hooks.map(({ path }) => `${stage} ${path} ${state.id}`));
          return Promise.resolve();
        },
      },
    });
    const { client, paths } = harness;
    const hookDir = join(paths.runtimeDir, 'hooks');
    await mkdir(join(hookDir, 'poststart'), { recursive: true });
    await writeFile(join(hookDir, 'poststart/b'), '', { mode: 0o755 });
    await writeFile(join(hookDir, 'poststart/a'), '', { mode: 0o755 });
    await writeFile(join(hookDir, 'poststart/not-executable'), '', { mode: 0o644 });
    await client.createSandbox({ guestHookPath: hookDir });
    await runContainer(harness, 'c1', sleeper);
    await runContainer(harness, 'c2', sleeper, { hooks: { poststop: [{ path: '/own' }] } });
    await client.removeContainer({ containerId: 'c2' });
    expect(ran).toEqual([
      `poststart ${hookDir}/poststart/a c1`,
      `poststart ${hookDir}/poststart/b c1`,
      'poststop /own c2',
    ]);
  });
});
