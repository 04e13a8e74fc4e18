// SPDX-License-Identifier: Apache-2.0
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { OciSpec } from '@hako/protocols';
import { expect, test } from 'vitest';
import { injectCdiDevices } from './inject-cdi-devices.ts';

async function cdiDir(files: Readonly<Record<string, unknown>>) {
  const dir = await mkdtemp(join(tmpdir(), 'hako-cdi-'));
  for (const [name, content] of Object.entries(files)) {
    await writeFile(join(dir, name), typeof content === 'string' ? content : JSON.stringify(content));
  }
  return { dir, [Symbol.asyncDispose]: () => rm(dir, { recursive: true }) };
}

const signal = new AbortController().signal;
const options = { timeoutMs: 0, signal };

const gpu = {
  cdiVersion: '0.7.0',
  kind: 'nvidia.com/gpu',
  containerEdits: {
    env: ['NVIDIA=void', 'LIBS=/lib'],
    mounts: [
      { hostPath: '/lib/a.so', containerPath: '/usr/lib/a.so', options: ['ro', 'bind'] },
      { hostPath: '/etc', containerPath: '/etc', options: ['bind'] },
    ],
    hooks: [{ hookName: 'createContainer', path: '/bin/ldconfig', args: ['ldconfig', '-r'], timeout: 3 }],
  },
  devices: [
    {
      name: '0',
      containerEdits: {
        env: ['GPU=0'],
        deviceNodes: [
          { path: '/dev/null', permissions: 'rw' },
          { path: '/dev/gpu0', hostPath: '/dev/zero', uid: 7 },
        ],
        additionalGids: [44, 0, 44],
      },
    },
    {
      name: 'all',
      containerEdits: { deviceNodes: [{ path: '/dev/gpuctl', type: 'c', major: 195, minor: 255 }] },
    },
  ],
};

const spec: OciSpec = {
  ociVersion: '1.0.2',
  process: { cwd: '/', env: ['PATH=/bin', 'NVIDIA=all'], user: { uid: 0, gid: 5, additionalGids: [1] } },
  mounts: [
    { destination: '/usr/lib/a.so', source: 'old' },
    { destination: '/proc', type: 'proc' },
    { destination: '/a/b', source: 'x' },
  ],
  linux: {
    devices: [{ path: '/dev/gpu0', type: 'c', major: 9, minor: 9 }],
    resources: { devices: [{ allow: false, access: 'rwm' }] },
  },
};

test('changes a specification once for the kind, and for each device', async () => {
  await using files = await cdiDir({ 'gpu.json': gpu, 'README.txt': 'no CDI file' });
  const names = ['nvidia.com/gpu=0', 'nvidia.com/gpu=all'];
  const { process, mounts, hooks, linux } = await injectCdiDevices(spec, names, {
    ...options,
    dir: files.dir,
  });
  expect(process).toEqual({
    cwd: '/',
    env: ['PATH=/bin', 'NVIDIA=void', 'LIBS=/lib', 'GPU=0'],
    user: { uid: 0, gid: 5, additionalGids: [1, 44] },
  });
  expect(mounts).toEqual([
    { destination: '/proc', type: 'proc' },
    { destination: '/etc', source: '/etc', options: ['bind'] },
    { destination: '/a/b', source: 'x' },
    { destination: '/usr/lib/a.so', source: '/lib/a.so', options: ['ro', 'bind'] },
  ]);
  expect(hooks).toEqual({
    createContainer: [{ path: '/bin/ldconfig', args: ['ldconfig', '-r'], env: [], timeout: 3 }],
  });
  expect(linux?.devices).toEqual([
    { path: '/dev/null', type: 'c', major: 1, minor: 3, gid: 5 },
    { path: '/dev/gpu0', type: 'c', major: 1, minor: 5, uid: 7, gid: 5 },
    { path: '/dev/gpuctl', type: 'c', major: 195, minor: 255, gid: 5 },
  ]);
  expect(linux?.resources?.devices).toEqual([
    { allow: false, access: 'rwm' },
    { allow: true, type: 'c', major: 1, minor: 3, access: 'rw' },
    { allow: true, type: 'c', major: 1, minor: 5, access: 'rwm' },
    { allow: true, type: 'c', major: 195, minor: 255, access: 'rwm' },
  ]);
});

test('reads YAML', async () => {
  const yaml = `cdiVersion: "0.5.0"
kind: vendor.com/net
devices:
- name: "0"
  containerEdits:
    env:
    - FOO=1
containerEdits: {}
`;
  await using files = await cdiDir({ 'net.yaml': yaml });
  const { process } = await injectCdiDevices(spec, ['vendor.com/net=0'], { ...options, dir: files.dir });
  expect(process?.env).toContain('FOO=1');
});

test('waits for the files of a kind', async () => {
  await using files = await cdiDir({ 'other.json': { ...gpu, kind: 'vendor.com/other' }, 'gpu.tmp': gpu });
  const late = join(files.dir, 'late');
  await mkdir(late);
  const waiting = injectCdiDevices(spec, ['nvidia.com/gpu=all'], {
    dir: files.dir,
    timeoutMs: 10_000,
    retryMs: 1,
    signal,
  });
  await rename(join(files.dir, 'gpu.tmp'), join(files.dir, 'gpu.json'));
  expect((await waiting).linux?.devices).toHaveLength(2);
});

test('stops waiting when the caller is gone', async () => {
  const abort = new AbortController();
  const waiting = injectCdiDevices(spec, ['a.com/b=c'], {
    dir: '/nonexistent',
    timeoutMs: 60_000,
    signal: abort.signal,
  });
  abort.abort();
  await expect(waiting).rejects.toMatchObject({ name: 'AbortError' });
});

test('looks as often as there is time', async () => {
  const waiting = injectCdiDevices(spec, ['a.com/b=c'], {
    dir: '/nonexistent',
    timeoutMs: 5,
    retryMs: 1,
    signal,
  });
  await expect(waiting).rejects.toMatchObject({
    code: 'timed_out',
    message: 'Timeout after 5 ms waiting for CDI devices a.com/b=c in /nonexistent',
  });
});

const device = (containerEdits: unknown) => ({ ...gpu, devices: [{ name: '0', containerEdits }] });
test.each<{ title: string; files: Record<string, unknown>; cause?: string }>([
  { title: 'a device its kind does not have', files: { 'a.json': { ...gpu, devices: [] } } },
  { title: 'a device in two files', files: { 'a.json': gpu, 'b.json': gpu } },
  { title: 'no JSON', files: { 'a.json': '{' } },
  { title: 'no YAML', files: { 'a.yaml': 'a: [' } },
  { title: 'no object', files: { 'a.yaml': 'just a text' }, cause: 'the file is not an object' },
  { title: 'no version', files: { 'a.json': { ...gpu, cdiVersion: 7 } }, cause: 'cdiVersion is not a text' },
  { title: 'no kind', files: { 'a.json': { ...gpu, kind: 'gpu' } }, cause: 'kind is not <vendor>/<class>' },
  { title: 'no list', files: { 'a.json': { ...gpu, devices: {} } }, cause: 'devices is not a list' },
  {
    title: 'a name twice',
    files: { 'a.json': { ...gpu, devices: [gpu.devices[0], gpu.devices[0]] } },
    cause: 'devices is not a list of different names',
  },
  {
    title: 'a variable without a value',
    files: { 'a.json': device({ env: ['FOO'] }) },
    cause: 'devices[0].containerEdits.env[0] is not NAME=VALUE',
  },
  {
    title: 'a relative node',
    files: { 'a.json': device({ deviceNodes: [{ path: 'dev/x' }] }) },
    cause: 'devices[0].containerEdits.deviceNodes[0].path is not an absolute path',
  },
  {
    title: 'odd permissions',
    files: { 'a.json': device({ deviceNodes: [{ path: '/dev/x', permissions: 'x' }] }) },
    cause: 'devices[0].containerEdits.deviceNodes[0].permissions is not made of r, w and m',
  },
  {
    title: 'an odd number',
    files: { 'a.json': device({ deviceNodes: [{ path: '/dev/x', major: -1 }] }) },
    cause: 'devices[0].containerEdits.deviceNodes[0].major is not a number',
  },
  {
    title: 'an unknown hook',
    files: { 'a.json': device({ hooks: [{ hookName: 'toString', path: '/x' }] }) },
    cause: 'devices[0].containerEdits.hooks[0].hookName is not the name of a hook',
  },
])('refuses $title', async ({ files, cause }) => {
  await using dir = await cdiDir(files);
  await expect(
    injectCdiDevices(spec, ['nvidia.com/gpu=0'], { ...options, timeoutMs: 60_000, dir: dir.dir }),
  ).rejects.toMatchObject({
    code: 'device_failed',
    ...(cause === undefined ? {} : { cause: expect.objectContaining({ message: cause }) as unknown }),
  });
});

test('passes on that a node is not there', async () => {
  await using files = await cdiDir({ 'a.json': device({ deviceNodes: [{ path: '/dev/no-such-node' }] }) });
  await expect(
    injectCdiDevices(spec, ['nvidia.com/gpu=0'], { ...options, dir: files.dir }),
  ).rejects.toMatchObject({ code: 'ENOENT' });
});
