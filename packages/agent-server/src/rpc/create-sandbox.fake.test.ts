// SPDX-License-Identifier: Apache-2.0
import { mkdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Status } from 'nice-grpc-common';
import { describe, expect, test } from 'vitest';
import { startFakeAgent } from '../testing/agent-harness.ts';
import { refusal } from '../testing/refusal.ts';

describe('CreateSandbox on a fake machine', () => {
  test('keeps namespaces for all containers, with the host name', async () => {
    await using harness = await startFakeAgent();
    await harness.client.createSandbox({ hostname: 'box' });
    const { namespacesDir } = harness.paths;
    expect(harness.system.namespaces).toEqual([
      { ipc: join(namespacesDir, 'ipc'), uts: join(namespacesDir, 'uts'), hostname: 'box' },
    ]);
  });

  test('loads kernel modules in their order', async () => {
    const programs: string[][] = [];
    await using harness = await startFakeAgent({
      components: {
        runProgram: ({ file, args }) => {
          programs.push([file, ...args]);
          return Promise.resolve({ exitCode: 0, signal: null, stdout: '', stderr: '', timedOut: false });
        },
      },
    });
    await harness.client.createSandbox({
      kernelModules: [
        { name: 'fuse', parameters: [] },
        { name: 'dummy', parameters: ['numdummies=2'] },
      ],
    });
    expect(programs).toEqual([
      ['/sbin/modprobe', '-v', 'fuse'],
      ['/sbin/modprobe', '-v', 'dummy', 'numdummies=2'],
    ]);
  });

  test.each([
    { title: 'without a name', name: '', result: undefined, text: 'invalid_request' },
    {
      title: 'with an option in place of a parameter',
      name: 'dummy',
      parameters: ['a=1', '-r'],
      text: 'option "-r"',
    },
    { title: 'whose name is an option', name: '-r', result: undefined, text: 'invalid_request' },
    {
      title: 'that modprobe does not find',
      name: 'nope',
      result: { exitCode: 1, signal: null, stdout: 'out', stderr: 'not found', timedOut: false },
      text: 'ended with 1, stdout: "out", stderr: "not found"',
    },
    {
      title: 'at which modprobe is killed',
      name: 'bad',
      result: { exitCode: null, signal: 'SIGSEGV', stdout: '', stderr: '', timedOut: false },
      text: 'ended with SIGSEGV',
    },
  ])('refuses a kernel module $title [INTERNAL]', async ({ name, parameters = [], result, text }) => {
    await using harness = await startFakeAgent({
      components: {
        runProgram: () =>
          result === undefined ? Promise.reject(new Error('not run')) : Promise.resolve(result),
      },
    });
    await expect(
      harness.client.createSandbox({ kernelModules: [{ name, parameters }] }),
    ).rejects.toMatchObject(refusal(Status.INTERNAL, text));
  });

  test('mounts its storages and releases them when a later one fails', async () => {
    await using harness = await startFakeAgent();
    const { sharedDir, kataDir } = harness.paths;
    const good = { driver: 'virtio-fs', source: 'kataShared', fstype: 'virtiofs', mountPoint: sharedDir };
    const bad = { driver: 'floppy', source: 'x', fstype: 'x', mountPoint: join(kataDir, 'x') };
    await expect(harness.client.createSandbox({ storages: [good, bad] })).rejects.toMatchObject(
      refusal(Status.INTERNAL, '"floppy"'),
    );
    expect(harness.mounter.entries).toEqual([]);
    await harness.client.createSandbox({ storages: [good] });
    expect(harness.mounter.entries).toEqual([
      { target: sharedDir, source: 'kataShared', fstype: 'virtiofs', readOnly: false },
    ]);
  });

  test('leaves name servers alone where there is no resolv.conf', async () => {
    await using harness = await startFakeAgent();
    await harness.client.createSandbox({ dns: ['nameserver 10.0.0.1'] });
    await expect(stat(harness.paths.sandboxResolvConf)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  test('fails where resolv.conf is a directory', async () => {
    await using harness = await startFakeAgent();
    await mkdir(harness.paths.resolvConf);
    await expect(harness.client.createSandbox({ dns: ['x'] })).rejects.toMatchObject({
      code: Status.INTERNAL,
    });
  });
});
