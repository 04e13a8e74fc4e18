// SPDX-License-Identifier: Apache-2.0
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { PluggableDevice } from '@hako/hypervisor';
import { describe, expect, test } from 'vitest';

import type { ContainerOptions } from '../container/container-options.ts';
import { runTool } from '../run-tool.ts';
import { ignoreOutput, sandboxWorld, type SandboxWorld } from '../testing/sandbox-world.ts';
import type { FakeSandboxOptions } from '../testing/fake-components.ts';
import type { SandboxOptions } from '../sandbox-options.ts';

const hasErofs = await runTool('mkfs.erofs', ['--help'], { signal: undefined }).then(
  () => true,
  () => false,
);

/** A world with a disk, and what of its machine is plugged. */
async function world(options: FakeSandboxOptions = {}) {
  const made = await sandboxWorld(options);
  const disk = join(made.directory, 'disk.img');
  await writeFile(disk, '');
  const volume = { source: disk, destination: '/data', fstype: 'ext4' };
  const plugged = (): readonly PluggableDevice[] =>
    (made.hypervisor.vms[0]?.pluggedDevices ?? []).map(({ device }) => device);
  return { made, disk, volume, plugged, [Symbol.asyncDispose]: () => made[Symbol.asyncDispose]() };
}

async function makeContainer(
  made: SandboxWorld,
  options: Partial<ContainerOptions>,
  more: SandboxOptions = {},
) {
  const sandbox = await made.create(more);
  const create = async (id: string) => {
    const container = await sandbox.createContainer({
      image: made.image,
      command: ['forever'],
      id,
      ...options,
    });
    ignoreOutput(container);
    return container;
  };
  return { sandbox, create };
}

test('a block volume is a plugged disk, a storage and a mount of it; it goes with its last user [proves mount block volume]', async () => {
  await using here = await world();
  const { made, disk, volume, plugged } = here;
  const fsGroup = { groupId: 7, changePolicy: 'on-root-mismatch' } as const;
  const wish = { ...volume, options: ['noexec'], readOnly: true, createFilesystem: false, fsGroup };
  const { sandbox, create } = await makeContainer(made, { blockVolumes: [wish] });
  await using _sandbox = sandbox;
  const [first, second] = await Promise.all([create('one'), create('two')]);
  expect(plugged()).toMatchObject([{ kind: 'block', path: disk, readOnly: true, driver: 'virtio-blk' }]);
  const mountPoint = '/run/kata-containers/sandbox/storage/MDIvMDE=';
  for (const id of ['one', 'two']) {
    const request = made.agent.containers.get(id);
    expect(request?.storages?.at(-1)).toMatchObject({
      driver: 'blk',
      source: '02/01',
      fstype: 'ext4',
      options: ['ro', 'noexec'],
      driverOptions: [],
      mountPoint,
      fsGroup: { groupId: 7, groupChangePolicy: 1 },
    });
    expect(request?.devices).toEqual([]);
    expect(request?.OCI?.Mounts?.find((mount) => mount.destination === '/data')).toMatchObject({
      source: mountPoint,
      type: 'bind',
      options: ['rbind', 'rprivate', 'ro', 'noexec'],
    });
  }
  await first.remove();
  expect(plugged()).toHaveLength(1);
  await second.remove();
  expect(plugged()).toEqual([]);
});

test('wishes about a file system that is made and encrypted reach the agent', async () => {
  await using here = await world();
  const wish = { ...here.volume, createFilesystem: true, encryptionKey: 'ephemeral', discard: true };
  const { sandbox, create } = await makeContainer(here.made, { blockVolumes: [wish] });
  await using _sandbox = sandbox;
  await create('one');
  expect(here.plugged()).toMatchObject([{ discard: true }]);
  expect(here.made.agent.containers.get('one')?.storages?.at(-1)).toMatchObject({
    options: ['discard'],
    driverOptions: ['encryption_key=ephemeral', 'create_filesystem'],
  });
});

test('settings of the sandbox decide how disks are plugged', async () => {
  await using here = await world();
  const devices = { blockDriver: 'virtio-scsi', aio: 'native', direct: true, noFlush: true } as const;
  const { sandbox, create } = await makeContainer(here.made, { blockVolumes: [here.volume] }, { devices });
  await using _sandbox = sandbox;
  await create('one');
  expect(here.plugged()).toMatchObject([
    { driver: 'virtio-scsi', aio: 'native', direct: true, noFlush: true },
  ]);
  expect(here.made.agent.containers.get('one')?.storages?.at(-1)).toMatchObject({
    driver: 'scsi',
    source: '0:0',
  });
});

test('a container that no agent creates leaves nothing plugged, and its id can be used again', async () => {
  let refuses = true;
  await using here = await world({
    before: (method) => {
      if (method === 'createContainer' && refuses) throw new Error('no room');
    },
  });
  const { sandbox, create } = await makeContainer(here.made, { blockVolumes: [here.volume] });
  await using _sandbox = sandbox;
  await expect(create('one')).rejects.toMatchObject({ code: 'agent_failed' });
  expect(here.plugged()).toEqual([]);
  refuses = false;
  await create('one');
  expect(here.plugged()).toHaveLength(1);
});

test.for<[string, string, string]>([
  ['qemu says no', 'device_failed', 'qemu says no'],
  ['Failed to get "write" lock', 'device_failed', 'is in use by another sandbox'],
])('a machine that refuses a disk with %s fails the container with %s', async ([words, code, message]) => {
  await using here = await world({ script: { onPlug: () => Promise.reject(new Error(words)) } });
  const { sandbox, create } = await makeContainer(here.made, { blockVolumes: [here.volume] });
  await using _sandbox = sandbox;
  await expect(create('one')).rejects.toMatchObject({
    code,
    message: expect.stringContaining(message) as string,
  });
  expect(here.made.agent.containers.size).toBe(0);
});

test('a container that fails while its machine comes up has nothing plugged afterwards', async () => {
  const start = Promise.withResolvers<undefined>();
  const plugs: string[] = [];
  let fails = true;
  await using here = await world({
    onStep: (step) => {
      if (step === 'share.add' && fails) throw new Error('not today');
    },
    script: {
      onStarting: () => start.promise,
      onPlug: ({ id }) => {
        plugs.push(id);
        return Promise.resolve();
      },
    },
  });
  const { sandbox, create } = await makeContainer(here.made, { blockVolumes: [here.volume] });
  await using _sandbox = sandbox;
  await expect(create('one')).rejects.toThrow('not today');
  fails = false;
  start.resolve(undefined);
  const next = { image: here.made.image, command: ['forever'], id: 'two' };
  ignoreOutput(await sandbox.createContainer(next));
  expect(plugs).toEqual([]);
});

test('a disk the guest does not let go of is tried again when the next container comes', async () => {
  let keeps = true;
  await using here = await world({
    script: { onUnplug: () => (keeps ? Promise.reject(new Error('busy')) : Promise.resolve()) },
  });
  const other = join(here.made.directory, 'other.img');
  await writeFile(other, '');
  const { sandbox, create } = await makeContainer(here.made, { blockVolumes: [here.volume] });
  await using _sandbox = sandbox;
  const first = await create('one');
  await expect(first.remove()).rejects.toMatchObject({ code: 'device_failed' });
  expect(here.plugged()).toHaveLength(1);
  keeps = false;
  const next = {
    image: here.made.image,
    command: ['forever'],
    blockVolumes: [{ ...here.volume, source: other }],
  };
  const second = await sandbox.createContainer({ ...next, id: 'two' });
  ignoreOutput(second);
  expect(here.plugged()).toMatchObject([{ path: other }]);
});

test('a disk cannot be writable here and read-only there as a device', async () => {
  await using here = await world();
  const { sandbox } = await makeContainer(here.made, {});
  await using _sandbox = sandbox;
  const base = { image: here.made.image, command: ['forever'] };
  ignoreOutput(
    await sandbox.createContainer({ ...base, id: 'one', blockVolumes: [{ ...here.volume, readOnly: true }] }),
  );
  await expect(
    sandbox.createContainer({ ...base, id: 'two', blockVolumes: [here.volume] }),
  ).rejects.toMatchObject({
    code: 'invalid_options',
    message: expect.stringContaining('is read-only in another') as string,
  });
  await expect(
    sandbox.createContainer({
      ...base,
      id: 'two',
      blockVolumes: [{ ...here.volume, readOnly: true, fstype: 'xfs' }],
    }),
  ).rejects.toMatchObject({
    code: 'invalid_options',
    message: expect.stringContaining('is mounted as ext4') as string,
  });
});

test('containers with something to write are removed before the machine ends', async () => {
  await using here = await world();
  const { sandbox, create } = await makeContainer(here.made, { blockVolumes: [here.volume] });
  await create('one');
  await sandbox.stop();
  const ending = here.made.agent.calls.filter(
    (call) => call === 'removeContainer' || call === 'destroySandbox',
  );
  expect(ending).toEqual(['removeContainer', 'destroySandbox']);
});

describe.skipIf(!hasErofs)('a root file system on a disk (skipped without mkfs.erofs)', () => {
  test('it is not shared, is an overlay in the guest, and one disk for all containers [proves share block root]', async () => {
    await using here = await world();
    const rootfs = join(here.made.directory, 'rootfs');
    await mkdir(rootfs);
    const image = { ...here.made.image, rootfs };
    const { sandbox, create } = await makeContainer(here.made, { image }, { rootfs: 'block' });
    await using _sandbox = sandbox;
    await Promise.all([create('one'), create('two')]);
    expect([...here.made.shares.keys()]).toEqual([]);
    expect(here.plugged()).toMatchObject([
      { kind: 'block', readOnly: true, path: expect.stringMatching(/rootfs\.erofs$/) as string },
    ]);
    const request = here.made.agent.containers.get('one');
    const mountPoint = '/run/kata-containers/sandbox/storage/MDIvMDE=';
    expect(request?.storages).toMatchObject([
      { driver: 'blk', source: '02/01', fstype: 'erofs', options: ['ro'], mountPoint },
      { driver: 'overlayfs', mountPoint: '/run/kata-containers/one/rootfs' },
    ]);
    expect(request?.OCI?.Root).toMatchObject({ Path: '/run/kata-containers/one/rootfs' });
    const own = { image: { ...image, readOnly: true }, command: ['forever'], id: 'three' };
    ignoreOutput(await sandbox.createContainer(own));
    expect(here.made.agent.containers.get('three')).toMatchObject({
      storages: [{ fstype: 'erofs' }],
      OCI: { Root: { Path: mountPoint, Readonly: true } },
    });
    ignoreOutput(await sandbox.createContainer({ ...own, id: 'four', rootfs: 'shared' }));
    expect([...here.made.shares.keys()]).toEqual(['four/rootfs']);
  });
});

test.skipIf(process.getuid?.() !== 0)(
  'a disk as a node reaches the agent with its path, and rules let it and the other devices be used (skipped: not root)',
  async () => {
    await using here = await world();
    const node = join(here.made.directory, 'node');
    await runTool('mknod', [node, 'b', '241', '98'], { signal: undefined });
    const devices = [
      { path: node, containerPath: '/dev/data' },
      { path: '/dev/null', containerPath: '/dev/none' },
    ];
    const { sandbox, create } = await makeContainer(here.made, { devices });
    await using _sandbox = sandbox;
    await create('one');
    expect(here.plugged()).toMatchObject([{ path: node, readOnly: false }]);
    const request = here.made.agent.containers.get('one');
    expect(request?.devices).toMatchObject([{ type: 'blk', id: '02/01', containerPath: '/dev/data' }]);
    expect(request?.OCI?.Linux?.Devices).toMatchObject([
      { Path: '/dev/none', Type: 'c', Major: 1n, Minor: 3n },
      { Path: '/dev/data', Type: 'b', Major: 241n, Minor: 98n },
    ]);
    expect(request?.OCI?.Linux?.Resources?.Devices).toMatchObject([
      { Allow: true, Type: 'c', Major: 1n, Minor: 3n, Access: 'rwm' },
      { Allow: true, Type: 'b', Major: 241n, Minor: 98n, Access: 'rwm' },
    ]);
  },
);

test('a process that does not own the sandbox can plug nothing', async () => {
  await using here = await world();
  const { sandbox, create } = await makeContainer(here.made, {});
  await using _sandbox = sandbox;
  await create('box');
  await using attached = await here.made.attach();
  const { image } = here.made;
  const wishes: readonly Partial<ContainerOptions>[] = [
    { blockVolumes: [here.volume] },
    { devices: [{ path: '/dev/null' }] },
    { rootfs: 'block' },
  ];
  for (const wish of wishes) {
    await expect(attached.createContainer({ image, command: ['forever'], ...wish })).rejects.toMatchObject({
      code: 'invalid_options',
      message: 'only the process that owns the sandbox can plug devices',
    });
  }
});

test('a disk that the host has mounted is refused unless it is read-only', async () => {
  const table = await readFile('/proc/self/mountinfo', 'utf8');
  const numbers = table.split('\n').map((line) => line.split(' ')[2]?.split(':').map(Number) ?? []);
  const [major = 0, minor = 0] = numbers.find(([first = 0]) => first > 0) ?? [];
  if (major === 0) return;
  await using here = await world();
  const image = {
    ...here.made.image,
    spec: { ociVersion: '1.1.0', linux: { devices: [{ path: '/dev/root', type: 'b', major, minor }] } },
  };
  const { sandbox, create } = await makeContainer(here.made, { image });
  await using _sandbox = sandbox;
  await expect(create('one')).rejects.toMatchObject({
    code: 'invalid_options',
    message: expect.stringContaining('is mounted on the host at /') as string,
  });
});
