// SPDX-License-Identifier: Apache-2.0
import type { OciMount } from '@hako/protocols';
import { expect, test } from 'vitest';

import { fakeHostFiles } from '../../testing/fake-host-files.ts';
import type { ContainerMount } from './container-mount.ts';
import { planMounts } from './mount-plan.ts';
import type { MountKind, MountSurroundings } from './planned-mount.ts';

const pod = '/var/lib/kubelet/pods/0e2c';
const emptyDir = (name: string): string => `${pod}/volumes/kubernetes.io~empty-dir/${name}`;
const configMap = (name: string): string => `${pod}/volumes/kubernetes.io~configmap/${name}`;
const shared = '/run/kata-containers/shared/containers/';
const ephemeral = '/run/kata-containers/sandbox/ephemeral/';

const around: MountSurroundings = {
  containerId: 'box',
  bundle: '/bundle',
  isSandboxContainer: false,
  hasShm: true,
  emptyDirs: 'host',
  hugepageLimits: [{ pageSize: '2MB', limit: 8n << 20n }],
  copiesFiles: false,
  files: fakeHostFiles({
    '/host/data': {},
    '/host/socket': { is: 'other' },
    '/bundle/hosts': { is: 'file' },
    '/dev/null': { is: 'other' },
    '/dev/a-file': { is: 'file' },
    '/dev/shm': { on: 'tmpfs' },
    '/proc/cpuinfo': { is: 'file' },
    [emptyDir('memory')]: { on: 'tmpfs', groupId: 2000 },
    [emptyDir('huge')]: { on: 'hugetlbfs', mountOptions: ['rw', 'pagesize=2M'] },
    [emptyDir('giant')]: { on: 'hugetlbfs', mountOptions: ['rw', 'pagesize=1024M'] },
    [emptyDir('unknown')]: { on: 'hugetlbfs', mountOptions: ['rw'] },
    [emptyDir('disk')]: { groupId: 3000 },
    [configMap('few')]: { files: 8 },
    [configMap('many')]: { files: 9 },
    [configMap('none')]: { files: 0 },
    [`${pod}/volumes/kubernetes.io~secret/key`]: { files: 3 },
    [`${pod}/volumes/kubernetes.io~projected/token`]: { files: 3 },
  }),
};
const bind = (source: string, destination = '/data', ...more: string[]): OciMount => ({
  destination,
  type: 'bind',
  source,
  options: ['rbind', ...more],
});

interface MountCase {
  readonly name: string;
  readonly mount: OciMount;
  readonly kind: MountKind;
  readonly surroundings?: Partial<MountSurroundings>;
  readonly becomes?: Partial<OciMount>;
  readonly storage?: object;
  readonly share?: object;
}

const name = expect.stringMatching(/^box-[0-9a-f]{16}-data$/) as unknown;
const below = (place: string): string =>
  expect.stringMatching(new RegExp(`^${place}box-[0-9a-f]{16}-data$`)) as string;

test.for<MountCase>([
  { name: 'a file system', mount: { destination: '/proc', type: 'proc', source: 'proc' }, kind: 'guest' },
  { name: 'a tmpfs', mount: { destination: '/t', type: 'tmpfs', source: 'tmpfs' }, kind: 'guest' },
  { name: 'a bind below /proc', mount: bind('/proc/cpuinfo'), kind: 'guest' },
  { name: 'a bind below /sys', mount: bind('/sys/fs/cgroup'), kind: 'guest' },
  { name: 'a bind of /dev', mount: bind('/dev'), kind: 'guest' },
  { name: 'a device', mount: bind('/dev/null'), kind: 'guest' },
  { name: 'what cannot be looked at below /dev', mount: bind('/dev/nothing'), kind: 'guest' },
  {
    name: 'a regular file below /dev',
    mount: bind('/dev/a-file'),
    kind: 'shared',
    becomes: { source: below(shared) },
  },
  {
    name: 'a layer of the root',
    mount: bind('/host/data', '/data', 'io.katacontainers.fs-opt.is-layer'),
    kind: 'ignored',
  },
  {
    name: 'shared memory of the sandbox',
    mount: { destination: '/dev/shm', type: 'tmpfs', source: 'shm', options: ['size=1k'] },
    kind: 'shm',
    becomes: { type: 'bind', source: '/run/kata-containers/sandbox/shm', options: ['rbind'] },
  },
  {
    name: 'shared memory that is bound',
    mount: bind('/dev/shm', '/dev/shm'),
    kind: 'shm',
    becomes: { type: 'bind', source: '/run/kata-containers/sandbox/shm' },
  },
  {
    name: 'shared memory where the sandbox has none',
    mount: bind('/dev/shm', '/dev/shm'),
    kind: 'shm',
    surroundings: { hasShm: false },
    becomes: {
      type: 'tmpfs',
      source: 'shm',
      options: ['noexec', 'nosuid', 'nodev', 'mode=1777', 'size=67108864'],
    },
  },
  {
    name: 'a directory',
    mount: bind('/host/data', '/data', 'nosuid'),
    kind: 'shared',
    becomes: { type: 'bind', source: below(shared), options: ['rbind', 'nosuid'] },
    share: { name, source: '/host/data', readOnly: false },
  },
  {
    name: 'a file of the bundle, read-only, without a type',
    mount: { destination: '/data', source: 'hosts', options: ['bind', 'ro'] },
    kind: 'shared',
    becomes: { type: 'bind', options: ['bind', 'ro'] },
    share: { name, source: '/bundle/hosts', readOnly: true },
  },
  { name: 'a socket', mount: bind('/host/socket'), kind: 'shared' },
  {
    name: 'a socket where files are copied',
    mount: bind('/host/socket'),
    kind: 'ignored',
    surroundings: { copiesFiles: true },
  },
  {
    name: 'an emptyDir in memory',
    mount: bind(emptyDir('memory')),
    kind: 'ephemeral',
    becomes: { type: 'bind', source: `${ephemeral}memory`, options: ['rbind'] },
    storage: {
      driver: 'ephemeral',
      source: 'tmpfs',
      fstype: 'tmpfs',
      mountPoint: `${ephemeral}memory`,
      options: ['fsgid=2000'],
    },
  },
  {
    name: 'a mount of type ephemeral',
    mount: { ...bind('/host/data'), type: 'ephemeral' },
    kind: 'ephemeral',
    becomes: { type: 'bind', source: `${ephemeral}data` },
    storage: { mountPoint: `${ephemeral}data`, options: [] },
  },
  {
    name: 'an emptyDir of huge pages',
    mount: bind(emptyDir('huge')),
    kind: 'hugepages',
    becomes: { type: 'bind', source: `${ephemeral}huge` },
    storage: {
      driver: 'ephemeral',
      source: 'nodev',
      fstype: 'hugetlbfs',
      mountPoint: `${ephemeral}huge`,
      options: ['pagesize=2097152,size=8388608'],
    },
  },
  {
    name: 'an emptyDir on disk',
    mount: bind(emptyDir('disk')),
    kind: 'shared',
    share: { source: emptyDir('disk') },
  },
  {
    name: 'an emptyDir on disk that is to be in the guest',
    mount: bind(emptyDir('disk')),
    kind: 'local',
    surroundings: { emptyDirs: 'guest' },
    becomes: { type: 'local', source: '/run/kata-containers/sandbox/local/disk', options: ['rbind'] },
    storage: {
      driver: 'local',
      source: 'local',
      fstype: 'local',
      mountPoint: '/run/kata-containers/sandbox/local/disk',
      options: ['mode=0777', 'fsgid=3000'],
    },
  },
  {
    name: 'an emptyDir of the container that holds the namespaces',
    mount: bind(emptyDir('memory')),
    kind: 'shared',
    surroundings: { isSandboxContainer: true },
  },
  {
    name: 'a ConfigMap of 8 files',
    mount: bind(configMap('few'), '/data', 'ro'),
    kind: 'watchable',
    becomes: { type: 'bind', source: below(`${shared}watchable/`), options: ['rbind', 'ro'] },
    share: { name, readOnly: true, isWatched: true },
    storage: {
      driver: 'watchable-bind',
      source: below(shared),
      fstype: 'bind',
      mountPoint: below(`${shared}watchable/`),
      options: ['rbind', 'ro'],
    },
  },
  { name: 'a Secret', mount: bind(`${pod}/volumes/kubernetes.io~secret/key`), kind: 'watchable' },
  { name: 'a ConfigMap of 9 files', mount: bind(configMap('many')), kind: 'shared' },
  { name: 'a ConfigMap without files', mount: bind(configMap('none')), kind: 'shared' },
  { name: 'a projected volume', mount: bind(`${pod}/volumes/kubernetes.io~projected/token`), kind: 'shared' },
  {
    name: 'a ConfigMap where files are copied',
    mount: bind(configMap('few')),
    kind: 'shared',
    surroundings: { copiesFiles: true },
  },
])(
  '$name is $kind [proves mount shared, mount read-only, mount left alone, mount watchable, mount shm, mount ephemeral, mount hugepages, mount local]',
  async ({ mount, kind, surroundings, becomes, storage, share }) => {
    const plan = await planMounts({ own: [mount], volumes: [], mounts: [] }, { ...around, ...surroundings });
    const [planned] = plan.mounts;
    expect(planned?.kind).toBe(kind);
    if (kind === 'ignored') expect(planned?.mount).toBeUndefined();
    else if (kind === 'guest') expect(planned?.mount).toEqual(mount);
    else expect(planned?.mount).toMatchObject({ destination: mount.destination, ...becomes });
    if (storage !== undefined) expect(plan.storages).toMatchObject([storage]);
    else if (kind !== 'watchable') expect(plan.storages).toEqual([]);
    if (share !== undefined) expect(plan.shares).toMatchObject([share]);
  },
);

test.for([
  { source: '/host/nothing', says: 'mount source /host/nothing does not exist' },
  { source: emptyDir('unknown'), says: `huge pages of ${emptyDir('unknown')} have no known size` },
  { source: emptyDir('giant'), says: `huge pages of ${emptyDir('giant')} have no limit` },
])('refused: $says', async ({ source, says }) => {
  const wanted = { own: [bind(source)], volumes: [], mounts: [] };
  await expect(planMounts(wanted, around)).rejects.toMatchObject({ code: 'invalid_options', message: says });
});

test('storages are in the order of the protocol, mounts in that of the bundle', async () => {
  const own = [
    { source: emptyDir('disk'), destination: '/local' },
    { source: emptyDir('huge'), destination: '/huge' },
    { source: emptyDir('memory'), destination: '/memory' },
    { source: configMap('few'), destination: '/config' },
  ].map(({ source, destination }) => bind(source, destination));
  const plan = await planMounts({ own, volumes: [], mounts: [] }, { ...around, emptyDirs: 'guest' });
  expect(plan.storages.map(({ driver, fstype }) => `${driver} ${fstype}`)).toEqual([
    'watchable-bind bind',
    'ephemeral tmpfs',
    'ephemeral hugetlbfs',
    'local local',
  ]);
  expect(plan.mounts.map(({ mount }) => mount?.destination)).toEqual(
    own.map(({ destination }) => destination),
  );
});

test('planning twice gives the same, and the specification stays as it was', async () => {
  const own = [bind('/host/data', '/one'), bind(configMap('few'), '/two')];
  const before = structuredClone(own);
  const wanted = { own, volumes: [], mounts: [] };
  expect(await planMounts(wanted, around)).toEqual(await planMounts(wanted, around));
  expect(own).toEqual(before);
});

test.for<{ mount: ContainerMount; becomes: object; storage?: object }>([
  {
    mount: { type: 'tmpfs', destination: '/t', sizeBytes: 1 << 20, mode: 0o700 },
    becomes: {
      type: 'tmpfs',
      source: 'tmpfs',
      options: ['nosuid', 'nodev', 'noexec', 'size=1048576', 'mode=700'],
    },
  },
  { mount: { type: 'tmpfs', destination: '/t', options: ['exec'] }, becomes: { options: ['exec'] } },
  {
    mount: { type: 'hugetlbfs', destination: '/data', sizeBytes: 4 << 20 },
    becomes: { type: 'bind', source: below(ephemeral) },
    storage: { fstype: 'hugetlbfs', options: ['pagesize=2097152,size=4194304'] },
  },
  {
    mount: { type: 'volume', destination: '/v', name: 'work', groupId: 7, readOnly: true },
    becomes: {
      type: 'bind',
      source: '/run/kata-containers/sandbox/local/work',
      options: ['rbind', 'rprivate', 'ro'],
    },
    storage: { driver: 'local', options: ['mode=0777', 'fsgid=7'] },
  },
  {
    mount: { type: 'volume', destination: '/data', medium: 'tmpfs' },
    becomes: { type: 'bind', source: below(ephemeral) },
    storage: { driver: 'ephemeral', fstype: 'tmpfs', options: ['mode=1777'] },
  },
])('a mount of the caller: $mount', async ({ mount, becomes, storage }) => {
  const plan = await planMounts({ own: [], volumes: [], mounts: [mount] }, around);
  expect(plan.mounts).toMatchObject([{ mount: becomes }]);
  expect(plan.storages).toMatchObject(storage === undefined ? [] : [storage]);
});

test("the caller's mounts take the place of others, what lies below comes later, and two for one place are refused", async () => {
  const own = [{ destination: '/dev/shm', type: 'tmpfs', source: 'shm' }, bind('/host/data', '/a')];
  const volumes = [
    { source: '/host/data', destination: '/a/b', readOnly: false },
    { source: '/host/data', destination: '/dev/shm/', readOnly: true },
  ];
  const mounts: ContainerMount[] = [{ type: 'tmpfs', destination: '/a' }];
  const plan = await planMounts({ own, volumes, mounts }, around);
  expect(plan.mounts.map(({ kind, mount }) => [kind, mount?.destination])).toEqual([
    ['guest', '/a'],
    ['shared', '/a/b'],
    ['shared', '/dev/shm/'],
  ]);
  const twice = { own, volumes, mounts: [...mounts, { type: 'tmpfs', destination: '/a/b/' } as const] };
  await expect(planMounts(twice, around)).rejects.toMatchObject({
    code: 'invalid_options',
    message: 'two mounts are for /a/b',
  });
});

test.for<{ mount: ContainerMount; says: string }>([
  { mount: { type: 'tmpfs', destination: 't' }, says: '"t" is not absolute' },
  { mount: { type: 'tmpfs', destination: '/a/../b' }, says: '"/a/../b" leads upwards' },
  { mount: { type: 'tmpfs', destination: '/./' }, says: '"/./" is the root of the container' },
  { mount: { type: 'tmpfs', destination: '/proc/sys' }, says: '"/proc/sys" hides a part of /proc' },
  { mount: { type: 'tmpfs', destination: '/t', sizeBytes: 0 }, says: 'a size of 0 bytes' },
  { mount: { type: 'tmpfs', destination: '/t', mode: 0o10000 }, says: 'mode 4096' },
  { mount: { type: 'tmpfs', destination: '/t', options: ['a,b'] }, says: 'option "a,b"' },
  { mount: { type: 'hugetlbfs', destination: '/t', sizeBytes: 1 }, says: 'a size of 1 bytes' },
  {
    mount: { type: 'hugetlbfs', destination: '/t', sizeBytes: 6000, pageBytes: 3000 },
    says: 'pages of 3000 bytes',
  },
  { mount: { type: 'volume', destination: '/t', name: '../up' }, says: 'the name "../up"' },
  { mount: { type: 'volume', destination: '/t', groupId: -1 }, says: 'group -1' },
])('a mount is refused for $says', async ({ mount, says }) => {
  await expect(planMounts({ own: [], volumes: [], mounts: [mount] }, around)).rejects.toMatchObject({
    code: 'invalid_options',
    message: expect.stringContaining(says) as unknown,
  });
});
