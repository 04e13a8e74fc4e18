// SPDX-License-Identifier: Apache-2.0
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import type { ContainerImage } from '../image/container-image.ts';
import { runTool } from '../run-tool.ts';
import { temporaryDirectory } from '../testing/temporary-directory.ts';
import { containerSpec, mergeEnvironment } from './container-spec.ts';
import { resolveUser } from './container-user.ts';
import { sharesPidNamespace, wireSpec } from './wire-spec.ts';

const image: ContainerImage = {
  reference: 'test',
  rootfs: '/nowhere',
  readOnly: false,
  command: ['/default'],
  entrypoint: [],
  env: ['LANG=C', 'PATH=/only'],
  cwd: '/image',
  user: '',
};
const input = { image, user: { uid: 0, gid: 0 }, hostname: 'box', rootPath: '/guest/root', mounts: [] };

test('what the caller says wins over the image, and the image over the defaults', () => {
  const spec = containerSpec({
    ...input,
    command: ['/mine'],
    env: ['LANG=de', 'X=1'],
    cwd: '/mine',
    terminal: true,
  });
  expect(spec.process).toMatchObject({
    args: ['/mine'],
    cwd: '/mine',
    terminal: true,
    env: ['PATH=/only', 'TERM=xterm', 'HOSTNAME=box', 'LANG=de', 'X=1'],
  });
  expect(containerSpec(input).process).toMatchObject({ args: ['/default'], cwd: '/image', terminal: false });
});

test('root is limited, and what shows the kernel is masked', () => {
  const { process, linux } = containerSpec(input);
  expect(process?.capabilities?.bounding).not.toContain('CAP_SYS_ADMIN');
  expect(process?.capabilities?.ambient).toBeUndefined();
  expect(linux?.maskedPaths).toContain('/proc/kcore');
  expect(linux?.readonlyPaths).toContain('/proc/sys');
});

test('no command is an error that names the image', () => {
  expect(() => containerSpec({ ...input, image: { ...image, command: [] } })).toThrow(
    'image test names no command',
  );
});

test('of several values the last one stays, in the place of the first', () => {
  expect(mergeEnvironment(['A=1', 'B=2'], ['A=3'], ['C=', 'B=x=y'])).toEqual(['A=3', 'B=x=y', 'C=']);
});

test('nothing that only means something on the host is sent', () => {
  const spec = containerSpec(input);
  const wire = wireSpec({
    ...spec,
    hooks: { prestart: [{ path: '/host/hook' }] },
    process: { cwd: '/', ...spec.process, selinuxLabel: 'label' },
    linux: {
      ...spec.linux,
      mountLabel: 'label',
      namespaces: [
        { type: 'ipc', path: '/proc/1/ns/ipc' },
        { type: 'network' },
        { type: 'pid' },
        { type: 'cgroup' },
      ],
      resources: {
        memory: { limit: 1000 },
        cpu: { quota: 5, cpus: '0-3', mems: '0' },
        pids: { limit: 3 },
        devices: [{ allow: false }],
      },
    },
  });
  expect(wire).toMatchObject({
    Hooks: undefined,
    Process: { SelinuxLabel: '' },
    Linux: {
      MountLabel: '',
      Namespaces: [{ Type: 'ipc', Path: '' }],
      Resources: {
        Memory: { Limit: 1000n },
        CPU: { Quota: 5n, Cpus: '', Mems: '' },
        Pids: { Limit: 3n },
        Devices: [],
      },
    },
  });
});

test.for([
  { namespaces: [{ type: 'pid', path: '/proc/7/ns/pid' }], shared: true },
  { namespaces: [{ type: 'pid' }], shared: false },
  { namespaces: [], shared: false },
])('namespaces $namespaces share processes: $shared', ({ namespaces, shared }) => {
  expect(sharesPidNamespace({ ociVersion: '1.1.0', linux: { namespaces } })).toBe(shared);
});

test.for([
  { text: '', user: { uid: 0, gid: 0 } },
  { text: '1000', user: { uid: 1000, gid: 50, additionalGids: [60] } },
  { text: '1000:7', user: { uid: 1000, gid: 7 } },
  { text: 'app', user: { uid: 1000, gid: 50, additionalGids: [60] } },
  { text: 'app:extra', user: { uid: 1000, gid: 60 } },
  { text: '4000000000', user: { uid: 4_000_000_000, gid: 0 } },
])('user "$text" is found in the image', async ({ text, user }) => {
  await using rootfs = await temporaryDirectory();
  await mkdir(join(rootfs.path, 'etc'));
  await writeFile(join(rootfs.path, 'etc/passwd'), 'root:x:0:0::/:/bin/sh\napp:x:1000:50::/:/bin/sh\n');
  await writeFile(join(rootfs.path, 'etc/group'), 'extra:x:60:other,app\n');
  expect(await resolveUser(text, rootfs.path)).toEqual(user);
});

test.for(['nobody-here', 'a:b:c', ':1', '1:', '-1', '5000000000'])('user "%s" is refused', async (text) => {
  await using rootfs = await temporaryDirectory();
  await expect(resolveUser(text, rootfs.path)).rejects.toMatchObject({ code: 'invalid_options' });
});

test.for([
  { name: 'a pipe', make: (path: string) => runTool('mkfifo', [path]) },
  {
    name: 'too large',
    make: (path: string) => writeFile(path, Buffer.alloc(5 * 1024 * 1024, 'root:x:0:0\n')),
  },
])('a database of an image that is $name is as good as none', async ({ make }) => {
  await using rootfs = await temporaryDirectory();
  await mkdir(join(rootfs.path, 'etc'));
  await make(join(rootfs.path, 'etc/passwd'));
  await expect(resolveUser('root', rootfs.path)).rejects.toMatchObject({ code: 'invalid_options' });
});

test('an image cannot have the databases of the host read', async () => {
  await using rootfs = await temporaryDirectory();
  await mkdir(join(rootfs.path, 'etc'));
  await symlink('/etc/passwd', join(rootfs.path, 'etc/passwd'));
  await expect(resolveUser('root', rootfs.path)).rejects.toMatchObject({ code: 'invalid_options' });
});
