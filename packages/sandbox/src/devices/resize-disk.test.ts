// SPDX-License-Identifier: Apache-2.0
import { rm, stat, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { HypervisorError, type PluggedDevice } from '@hako/hypervisor';
import { expect, test } from 'vitest';

import { adoptSandbox } from '../adopt-sandbox.ts';
import { ignoreOutput, sandboxWorld } from '../testing/sandbox-world.ts';
import { temporaryDirectory } from '../testing/temporary-directory.ts';
import { addDirectVolume, resizeDirectVolume } from './direct-volume/direct-volumes.ts';
import { askForDisk, serveDisks } from './disk-service.ts';

const mebibyte = 1024 * 1024;

/** An owner whose machine has the disk `disk.img`, and how another process asks it. */
async function served({ readOnly = false, failure }: { readOnly?: boolean; failure?: Error } = {}) {
  await using cleanup = new AsyncDisposableStack();
  const { path: directory } = cleanup.use(await temporaryDirectory());
  const path = join(directory, 'disk.img');
  await writeFile(path, Buffer.alloc(mebibyte));
  const asked: unknown[] = [];
  const device: PluggedDevice = {
    device: { kind: 'block', id: 'drive-1', path, readOnly },
    address: { pciPath: '02/01' },
  };
  const vm = {
    pluggedDevices: [device],
    resizeBlock: (id: string, sizeBytes: number) => {
      asked.push([id, sizeBytes]);
      return failure === undefined ? Promise.resolve() : Promise.reject(failure);
    },
  };
  cleanup.use(await serveDisks(vm, directory));
  const owned = cleanup.move();
  const ask = (disk: string, sizeBytes: number, signal = new AbortController().signal) =>
    askForDisk(directory, disk, sizeBytes, signal);
  return { directory, path, asked, ask, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

test('the owner makes a disk larger, under any of its names', async () => {
  await using world = await served();
  const { path, directory, asked, ask } = world;
  const link = join(directory, 'link');
  await symlink(path, link);
  await ask(path, 2 * mebibyte);
  await ask(link, mebibyte);
  expect(asked).toEqual([
    ['drive-1', 2 * mebibyte],
    ['drive-1', mebibyte],
  ]);
});

test.for<[string, Parameters<typeof served>[0], string, number, string, string]>([
  ['a smaller size', {}, 'disk.img', 512, 'invalid_options', 'has 1048576 bytes and cannot shrink to 512'],
  ['a read-only disk', { readOnly: true }, 'disk.img', 2 * mebibyte, 'invalid_options', 'is read-only'],
  [
    'another disk',
    {},
    'other.img',
    2 * mebibyte,
    'invalid_state',
    'no container of the sandbox has the disk',
  ],
  ['no disk', {}, 'none.img', 2 * mebibyte, 'invalid_options', 'does not exist'],
  [
    'a refusal of the machine',
    { failure: new HypervisorError('monitor_failed', 'no space left') },
    'disk.img',
    2 * mebibyte,
    'device_failed',
    'no space left',
  ],
])('%s reaches who asked, in one line', async ([, setup, name, sizeBytes, code, text]) => {
  await using world = await served(setup);
  const { directory, ask } = world;
  await writeFile(join(directory, 'other.img'), '');
  await expect(ask(join(directory, name), sizeBytes)).rejects.toMatchObject({
    name: 'SandboxError',
    code,
    message: expect.stringContaining(text) as string,
  });
});

test('an owner that is gone says nothing, and that is said', async () => {
  await using directory = await temporaryDirectory();
  const ask = askForDisk(directory.path, '/disk.img', mebibyte, new AbortController().signal);
  await expect(ask).rejects.toMatchObject({ name: 'SandboxError', code: 'vm_exited' });
});

test('a sandbox answers from its first volume on, an adopter after it, and nothing of that is left', async () => {
  await using made = await sandboxWorld();
  const directVolumes = join(made.directory, 'direct');
  const device = join(made.directory, 'disk.img');
  await writeFile(device, '');
  const source = join(made.directory, 'volume');
  await addDirectVolume(source, { device, fstype: 'ext4', options: [], metadata: {} }, { directVolumes });
  const sandbox = await made.create({ devices: { directVolumes }, onOwnerExit: 'keep' });
  const ask = (sizeBytes: number) =>
    askForDisk(sandbox.directory, device, sizeBytes, new AbortController().signal);
  await sandbox.ready();
  await expect(ask(mebibyte)).rejects.toMatchObject({ code: 'vm_exited' });
  const volumes = [{ source, destination: '/data' }];
  ignoreOutput(await sandbox.createContainer({ image: made.image, command: ['forever'], volumes }));
  await ask(mebibyte);
  expect((await stat(device)).size).toBe(mebibyte);
  await truncate(device, 2 * mebibyte);
  await expect(ask(mebibyte)).rejects.toMatchObject({ code: 'invalid_options' });
  await sandbox.release();
  await expect(ask(3 * mebibyte)).rejects.toMatchObject({ code: 'vm_exited' });
  const adopted = await adoptSandbox('box', { runRoot: made.runRoot }, made.components);
  await ask(3 * mebibyte);
  expect((await stat(device)).size).toBe(3 * mebibyte);
  await adopted.stop();
  expect(await made.leftovers()).toEqual([]);
});

test.for([0, -512, 1000, 512.5])('a volume of %d bytes is refused before anybody is asked', async (size) => {
  await expect(resizeDirectVolume('/volume', size)).rejects.toMatchObject({ code: 'invalid_options' });
});

test('a directory without a disk, and a volume that nobody has, cannot be resized', async () => {
  await using directory = await temporaryDirectory();
  const device = join(directory.path, 'disk.img');
  const volumePath = join(directory.path, 'volume');
  const options = { directVolumes: join(directory.path, 'direct'), runRoot: join(directory.path, 'run') };
  await writeFile(device, '');
  await expect(resizeDirectVolume(volumePath, mebibyte, options)).rejects.toMatchObject({
    code: 'invalid_options',
    message: `no disk is assigned to ${volumePath}`,
  });
  await addDirectVolume(volumePath, { device, fstype: 'ext4', options: [], metadata: {} }, options);
  await expect(resizeDirectVolume(volumePath, mebibyte, options)).rejects.toMatchObject({
    code: 'invalid_state',
    message: `no running sandbox has the volume ${volumePath}`,
  });
  await rm(device);
});
