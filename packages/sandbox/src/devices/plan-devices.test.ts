// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';

import type { OciDevice, OciMount } from '@hako/protocols';
import { expect, test } from 'vitest';

import type { ContainerImage } from '../image/container-image.ts';
import { temporaryDirectory } from '../testing/temporary-directory.ts';
import type { BlockVolume, DeviceSettings } from './device-options.ts';
import { writeDirectVolume } from './direct-volume/descriptor.ts';
import { insertMounts } from './insert-mounts.ts';
import { planDevices, type DeviceWishes } from './plan-devices.ts';

function imageWith(mounts: OciMount[] = [], devices: OciDevice[] = []): ContainerImage {
  return {
    ...{
      reference: 'test',
      rootfs: '/',
      readOnly: false,
      command: [],
      entrypoint: [],
      env: [],
      cwd: '/',
      user: '',
    },
    spec: { ociVersion: '1.1.0', mounts, linux: { devices } },
  };
}

/** A place with a disk in a file, a block node that no driver has, and a directory. */
async function place() {
  const directory = await temporaryDirectory();
  const path = (name: string): string => join(directory.path, name);
  await writeFile(path('disk.img'), '');
  await mkdir(path('directory'));
  const canMakeNodes = (() => {
    try {
      execFileSync('mknod', [path('node'), 'b', '241', '99'], { stdio: 'ignore' });
      return true;
    } catch {
      return false;
    }
  })();
  return { path, canMakeNodes, [Symbol.asyncDispose]: () => directory[Symbol.asyncDispose]() };
}

const isRoot = process.getuid?.() === 0;

test('a block volume is a disk with a file behind it, and everything else stays for others', async () => {
  await using here = await place();
  const source = here.path('disk.img');
  const shared = { source: here.path('directory'), destination: '/shared' };
  const proc: OciMount = { destination: '/proc', type: 'proc', source: 'proc' };
  const plan = await planDevices(
    {
      image: imageWith([proc], [{ path: '/dev/fuse', type: 'c', major: 10, minor: 229 }]),
      volumes: [shared],
      blockVolumes: [{ source, destination: '/data', fstype: 'ext4', readOnly: true }],
      devices: [{ path: '/dev/null', containerPath: '/dev/none' }],
    },
    {},
  );
  expect(plan).toMatchObject({
    volumes: [{ info: { containerPath: '/data', type: 'b', major: -1, hostPath: source, readOnly: true } }],
    nodes: [],
    fixedNodes: [{ path: '/dev/fuse' }, { path: '/dev/none', type: 'c', major: 1, minor: 3 }],
    otherMounts: [proc],
    otherVolumes: [shared],
  });
});

test.skipIf(!isRoot)('a bundle’s bind of a block device is a node there (skipped: not root)', async () => {
  await using here = await place();
  const mount: OciMount = {
    destination: '/dev/raw',
    type: 'bind',
    source: here.path('node'),
    options: ['ro'],
  };
  const plan = await planDevices({ image: imageWith([mount]) }, {});
  expect(plan).toMatchObject({
    otherMounts: [],
    nodes: [
      {
        info: { containerPath: '/dev/raw', type: 'b', major: 241, minor: 99, hostPath: here.path('node') },
        node: { path: '/dev/raw', type: 'b', major: 241, minor: 99 },
      },
    ],
  });
  expect(
    (await planDevices({ image: imageWith([mount]) }, { disableBlockDevices: true })).otherMounts,
  ).toEqual([mount]);
});

test('a bundle’s mount of a block file is a disk with the mount’s type', async () => {
  await using here = await place();
  const options = ['io.katacontainers.fs-opt.block_device=file', 'rbind', 'ro', 'noatime'];
  const mount: OciMount = { destination: '/data', type: 'ext4', source: here.path('disk.img'), options };
  expect(await planDevices({ image: imageWith([mount]) }, {})).toMatchObject({
    otherMounts: [],
    volumes: [{ volume: { fstype: 'ext4', readOnly: true, options: ['noatime'] } }],
  });
});

test.for<['guest-kernel' | 'vfio', readonly string[]]>([
  ['guest-kernel', []],
  ['vfio', ['/dev/vfio/12']],
])('in mode %s a container with a VFIO device has the nodes %j', async ([vfioMode, nodes]) => {
  const device: OciDevice = { path: '/dev/vfio/12', type: 'c', major: 236, minor: 0 };
  const plan = await planDevices({ image: imageWith([], [device]) }, { vfioMode });
  expect(plan.nodes.map(({ info }) => info)).toMatchObject([
    { containerPath: '/dev/vfio/12', port: 'bridge-port' },
  ]);
  expect(plan.nodes.flatMap(({ node }) => node?.path ?? [])).toEqual(nodes);
});

test('a VFIO device goes to the port that the sandbox has for such', async () => {
  const device: OciDevice = { path: '/dev/vfio/12', type: 'c', major: 236, minor: 0 };
  const plan = await planDevices({ image: imageWith([], [device]) }, { vfioPort: 'switch-port' });
  expect(plan.nodes[0]?.info.port).toBe('switch-port');
});

const metadata = { fsGroup: '7', fsGroupChangePolicy: 'OnRootMismatch', createFilesystem: 'true' };

test('a direct-assigned volume takes the place of the directory it stands for', async () => {
  await using here = await place();
  const root = here.path('direct');
  const source = here.path('directory');
  const direct = { device: here.path('disk.img'), fstype: 'ext4', options: ['discard', 'noexec'], metadata };
  await writeDirectVolume(source, direct, root);
  const bind: OciMount = { destination: '/one', type: 'bind', source, options: ['rbind'] };
  const plan = await planDevices(
    { image: imageWith([bind]), volumes: [{ source, destination: '/two' }] },
    { directVolumes: root },
  );
  expect(plan).toMatchObject({ otherMounts: [], otherVolumes: [] });
  expect(plan.volumes.map(({ volume }) => volume.destination)).toEqual(['/one', '/two']);
  expect(plan.volumes[0]).toMatchObject({
    volumePath: source,
    info: { discardUnmap: true },
    volume: {
      fstype: 'ext4',
      options: ['noexec'],
      createFilesystem: true,
      fsGroup: { groupId: 7, changePolicy: 'on-root-mismatch' },
    },
  });
});

test('a direct-assigned volume is found by whatever path leads to its directory', async () => {
  await using here = await place();
  const root = here.path('direct');
  const direct = { device: here.path('disk.img'), fstype: 'ext4', options: [], metadata: {} };
  await writeDirectVolume(here.path('directory'), direct, root);
  const sources = [`${here.path('directory')}/`, relative('.', here.path('directory'))];
  for (const source of sources) {
    const wishes = { image: imageWith(), volumes: [{ source, destination: '/data' }] };
    expect(await planDevices(wishes, { directVolumes: root })).toMatchObject({
      otherVolumes: [],
      volumes: [{ volume: { destination: '/data' } }],
    });
  }
});

type Refused = readonly [string, (path: (name: string) => string) => Partial<DeviceWishes>];

const volume = (source: string, change: Partial<BlockVolume> = {}): Partial<DeviceWishes> => ({
  blockVolumes: [{ source, destination: '/data', fstype: 'ext4', ...change }],
});

test.for<Refused>([
  ['does not exist', (path) => volume(path('missing'))],
  ['is no block device and no file', (path) => volume(path('directory'))],
  ['has destination "data"', (path) => volume(path('disk.img'), { destination: 'data' })],
  ['has destination "/../x"', (path) => volume(path('disk.img'), { destination: '/../x' })],
  ['has destination "/"', (path) => volume(path('disk.img'), { destination: '/' })],
  [
    'has destination "/proc/sys", which hides a part of /proc',
    (path) => volume(path('disk.img'), { destination: '/proc/sys' }),
  ],
  [
    'has destination "//proc", which hides a part of /proc',
    (path) => volume(path('disk.img'), { destination: '//proc' }),
  ],
  ['has destination "/./"', (path) => volume(path('disk.img'), { destination: '/./' })],
  ['has file system ""', (path) => volume(path('disk.img'), { fstype: '' })],
  ['has file system "ext4 -o x"', (path) => volume(path('disk.img'), { fstype: 'ext4 -o x' })],
  ['has mount option "ro"', (path) => volume(path('disk.img'), { options: ['ro'] })],
  ['has mount option "a,b"', (path) => volume(path('disk.img'), { options: ['a,b'] })],
  ['cannot be formatted', (path) => volume(path('disk.img'), { createFilesystem: true, fstype: 'xfs' })],
  ['has group -1', (path) => volume(path('disk.img'), { fsGroup: { groupId: -1 } })],
  ['has group 4294967295', (path) => volume(path('disk.img'), { fsGroup: { groupId: 2 ** 32 - 1 } })],
  [
    'two devices at /data',
    (path) => ({
      ...volume(path('disk.img')),
      devices: [{ path: '/dev/null' }],
      blockVolumes: [path('disk.img'), path('disk.img')].map((source) => ({
        source,
        destination: '/data',
        fstype: 'ext4',
      })),
    }),
  ],
  [
    'two devices at /data',
    (path) => ({
      blockVolumes: ['/data', '//data/'].map((destination) => ({
        source: path('disk.img'),
        destination,
        fstype: 'ext4',
      })),
    }),
  ],
  ['is no device', (path) => ({ devices: [{ path: path('disk.img') }] })],
  ['does not exist', () => ({ devices: [{ path: '/dev/there-is-none' }] })],
  ['has container path "x"', () => ({ devices: [{ path: '/dev/null', containerPath: 'x' }] })],
  ['hides a part of /proc', () => ({ devices: [{ path: '/dev/null', containerPath: '/proc/null' }] })],
  [
    'is the host’s'.replace('’', "'"),
    () => ({ image: imageWith([], [{ path: '/dev/dri/card0', type: 'c', major: 226, minor: 0 }]) }),
  ],
  ['has type "x"', () => ({ image: imageWith([], [{ path: '/dev/x', type: 'x' }]) })],
])('a wish is refused: %s', async ([message, wishes]) => {
  await using here = await place();
  await expect(planDevices({ image: imageWith(), ...wishes(here.path) }, {})).rejects.toMatchObject({
    code: 'invalid_options',
    message: expect.stringContaining(message) as string,
  });
});

test.for<[string, string]>([
  ['{', 'is not usable'],
  ['{"device":"/dev/x"}', 'is not usable'],
  ['{"volume-type":"spdkvol","device":"/x","fstype":"ext4"}', 'volumes of type "spdkvol" are not disks'],
  ['{"device":"/x","fstype":"ext4","metadata":{"fsGroup":"wheel"}}', 'has fsGroup "wheel"'],
  ['{"device":"/x","fstype":"ext4","metadata":{"fsGroup":"4294967295"}}', 'has fsGroup "4294967295"'],
  ['{"device":"/x","fstype":"ext4","metadata":{"fsGroupChangePolicy":"Always"}}', 'has fsGroupChangePolicy'],
  ['{"device":"/x","fstype":"ext4","metadata":{"createFilesystem":"yes"}}', 'has createFilesystem "yes"'],
])('a descriptor %s is refused', async ([text, message]) => {
  await using here = await place();
  const root = here.path('direct');
  const source = here.path('directory');
  await writeDirectVolume(source, { device: '/x', fstype: 'ext4', options: [], metadata: {} }, root);
  const [name = ''] = execFileSync('ls', [root], { encoding: 'utf8' }).split('\n');
  expect(Buffer.from(name, 'base64url').toString()).toBe(source);
  await writeFile(join(root, name, 'mountInfo.json'), text);
  const settings: DeviceSettings = { directVolumes: root };
  const planning = planDevices({ image: imageWith(), volumes: [{ source, destination: '/x' }] }, settings);
  await expect(planning).rejects.toMatchObject({
    code: 'invalid_options',
    message: expect.stringContaining(message) as string,
  });
});

test('a descriptor of more than 64 KiB is refused unread', async () => {
  await using here = await place();
  const root = here.path('direct');
  const source = here.path('directory');
  const metadata = { note: ' '.repeat(64 * 1024) };
  await writeDirectVolume(source, { device: '/x', fstype: 'ext4', options: [], metadata }, root);
  const wishes = { image: imageWith(), volumes: [{ source, destination: '/x' }] };
  await expect(planDevices(wishes, { directVolumes: root })).rejects.toMatchObject({
    code: 'invalid_options',
    message: expect.stringContaining('it is larger than 65536 bytes') as string,
  });
});

test('a mount goes before what lies below it', () => {
  const at = (...paths: readonly string[]) => paths.map((destination) => ({ destination }));
  expect(insertMounts(at('/proc', '/data/sub', '/other'), at('/data', '/last'))).toEqual(
    at('/proc', '/data', '/data/sub', '/other', '/last'),
  );
});
