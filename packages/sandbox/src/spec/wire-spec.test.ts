// SPDX-License-Identifier: Apache-2.0
import type { OciLinux, OciSpec } from '@hako/protocols';
import type { Spec } from '@hako/protocols/oci';
import { expect, test } from 'vitest';

import { checkGuestSecurity } from './guest-security.ts';
import { sandboxAnnotations } from './sandbox-annotations.ts';
import { sharesPidNamespace, wireSpec, type WireEdits } from './wire-spec.ts';

const base: OciSpec = { ociVersion: '1.1.0', process: { cwd: '/', args: ['true'] }, root: { path: '/r' } };
const linux = (part: OciLinux): OciSpec => ({ ...base, linux: part });
const labelled = (processLabel: string): OciSpec => ({
  ...base,
  process: { cwd: '/', selinuxLabel: processLabel },
  linux: { mountLabel: 'system_u:object_r:container_file_t:s0' },
});
const seccomp = { defaultAction: 'SCMP_ACT_ERRNO' };
const vfio = { path: '/dev/vfio/7', type: 'c', major: 240, minor: 7 };
const fuse = { path: '/dev/fuse', type: 'c', major: 10, minor: 229 };

interface Row {
  readonly field: string;
  readonly spec: OciSpec;
  readonly edits?: WireEdits;
  readonly read: (wire: Spec) => unknown;
  readonly is: unknown;
}

test.for<Row>([
  {
    field: 'hooks: removed',
    spec: { ...base, hooks: { prestart: [{ path: '/x' }], startContainer: [{ path: '/y' }] } },
    read: ({ Hooks }) => Hooks,
    is: undefined,
  },
  {
    field: 'seccomp: kept',
    spec: linux({ seccomp }),
    read: ({ Linux }) => Linux?.Seccomp?.DefaultAction,
    is: 'SCMP_ACT_ERRNO',
  },
  {
    field: 'seccomp: removed when it is not for the guest',
    spec: linux({ seccomp }),
    edits: { seccomp: false },
    read: ({ Linux }) => Linux?.Seccomp,
    is: undefined,
  },
  {
    field: 'labels: emptied without SELinux in the guest',
    spec: labelled('u:r:t:s0'),
    read: ({ Process, Linux }) => [Process?.SelinuxLabel, Linux?.MountLabel],
    is: ['', ''],
  },
  {
    field: 'labels: the type replaced',
    spec: labelled('system_u:system_r:spc_t:s0:c1,c2'),
    edits: { selinux: {} },
    read: ({ Process, Linux }) => [Process?.SelinuxLabel, Linux?.MountLabel],
    is: ['system_u:system_r:container_t:s0:c1,c2', 'system_u:object_r:container_file_t:s0'],
  },
  {
    field: 'labels: one of our own',
    spec: labelled('system_u:system_r:spc_t:s0'),
    edits: { selinux: { label: 'a:b:c' } },
    read: ({ Process }) => Process?.SelinuxLabel,
    is: 'a:b:c',
  },
  {
    field: 'labels: none where there was none',
    spec: labelled(''),
    edits: { selinux: { label: 'a:b:c' } },
    read: ({ Process }) => Process?.SelinuxLabel,
    is: '',
  },
  {
    field: 'resources: devices, block I/O and network removed',
    spec: linux({
      resources: {
        devices: [{ allow: false }],
        blockIO: { weight: 10 },
        network: { classID: 1 },
        memory: { limit: 1 },
      },
    }),
    read: ({ Linux }) => [Linux?.Resources?.Devices, Linux?.Resources?.BlockIO, Linux?.Resources?.Network],
    is: [[], undefined, undefined],
  },
  {
    field: 'resources: CPU lists emptied',
    spec: linux({ resources: { cpu: { cpus: '0-3', mems: '0', shares: 5 } } }),
    read: ({ Linux }) => [Linux?.Resources?.CPU?.Cpus, Linux?.Resources?.CPU?.Mems],
    is: ['', ''],
  },
  {
    field: 'resources: memory, huge pages, CPU shares, quota and period kept',
    spec: linux({
      resources: {
        memory: { limit: 1000, swap: 2000 },
        hugepageLimits: [{ pageSize: '2MB', limit: 4096 }],
        cpu: { shares: 512, quota: 1000, period: 2000 },
      },
    }),
    read: ({ Linux }) => Linux?.Resources,
    is: expect.objectContaining({
      Memory: expect.objectContaining({ Limit: 1000n, Swap: 2000n }) as unknown,
      HugepageLimits: [{ Pagesize: '2MB', Limit: 4096n }],
      CPU: expect.objectContaining({ Shares: 512n, Quota: 1000n, Period: 2000n }) as unknown,
    }),
  },
  ...['cgroup', 'network', 'time', 'pid'].map((type) => ({
    field: `namespaces: ${type} removed`,
    spec: linux({ namespaces: [{ type, path: '/proc/1/ns/x' }, { type: 'mount' }] }),
    read: ({ Linux }: Spec) => Linux?.Namespaces,
    is: [{ Type: 'mount', Path: '' }],
  })),
  ...['ipc', 'uts', 'mount', 'user'].map((type) => ({
    field: `namespaces: ${type} kept without its path`,
    spec: linux({ namespaces: [{ type, path: '/proc/1/ns/x' }] }),
    read: ({ Linux }: Spec) => Linux?.Namespaces,
    is: [{ Type: type, Path: '' }],
  })),
  {
    field: 'devices: kept',
    spec: linux({ devices: [vfio, fuse] }),
    read: ({ Linux }) => Linux?.Devices.map(({ Path }) => Path),
    is: ['/dev/vfio/7', '/dev/fuse'],
  },
  {
    field: 'devices: VFIO nodes removed when the kernel of the guest has the devices',
    spec: linux({ devices: [vfio, { ...vfio, type: 'b' }, fuse] }),
    edits: { isVfioForKernel: true },
    read: ({ Linux }) => Linux?.Devices.map(({ Path, Type }) => `${Type} ${Path}`),
    is: ['b /dev/vfio/7', 'c /dev/fuse'],
  },
  {
    field: 'cgroups path: kept',
    spec: linux({ cgroupsPath: '/kubepods/pod1' }),
    read: ({ Linux }) => Linux?.CgroupsPath,
    is: '/kubepods/pod1',
  },
])('$field', ({ spec, edits, read, is }) => {
  const before = structuredClone(spec);
  expect(read(wireSpec(spec, {}, edits))).toEqual(is);
  expect(spec).toEqual(before);
});

test.for([
  { namespaces: [{ type: 'pid', path: '/proc/7/ns/pid' }], shared: true },
  { namespaces: [{ type: 'pid', path: '' }], shared: false },
  { namespaces: [{ type: 'pid' }], shared: false },
  { namespaces: [], shared: false },
])('namespaces $namespaces share processes: $shared', ({ namespaces, shared }) => {
  expect(sharesPidNamespace(linux({ namespaces }))).toBe(shared);
});

test('annotations for the host alone are left out, and hooks find the network', () => {
  const annotations = {
    'io.katacontainers.config.agent.policy': 'package agent_policy',
    'io.katacontainers.config.hypervisor.cc_init_data': 'data',
    'cdi.k8s.io/vfio0': 'nvidia.com/gpu=0',
    'io.kubernetes.cri.container-name': 'web',
  };
  const kept = { 'io.kubernetes.cri.container-name': 'web' };
  expect(sandboxAnnotations(annotations, undefined)).toEqual(kept);
  expect(sandboxAnnotations(annotations, '/run/netns/x')).toEqual({
    ...kept,
    'nerdctl/network-namespace': '/run/netns/x',
  });
});

const yes = (): Promise<boolean> => Promise.resolve(true);
const no = (): Promise<boolean> => Promise.resolve(false);

test.for<{ name: string; spec: OciSpec; edits: WireEdits; guest: boolean; host: boolean; says?: string }>([
  { name: 'filters a guest has', spec: linux({ seccomp }), edits: {}, guest: true, host: false },
  {
    name: 'filters a guest has not',
    spec: linux({ seccomp }),
    edits: {},
    guest: false,
    host: false,
    says: 'the guest cannot filter system calls',
  },
  {
    name: 'filters that are not for the guest',
    spec: linux({ seccomp }),
    edits: { seccomp: false },
    guest: false,
    host: false,
  },
  { name: 'no filters', spec: base, edits: {}, guest: false, host: false },
  { name: 'SELinux on both', spec: base, edits: { selinux: {} }, guest: false, host: true },
  {
    name: 'SELinux in the guest alone',
    spec: base,
    edits: { selinux: {} },
    guest: false,
    host: false,
    says: 'SELinux in the guest needs SELinux on the host',
  },
])('$name: $says', async ({ spec, edits, guest, host, says }) => {
  const checked = checkGuestSecurity(spec, edits, {
    supportsSeccomp: guest ? yes : no,
    hostHasSelinux: host ? yes : no,
  });
  if (says === undefined) await expect(checked).resolves.toBeUndefined();
  else await expect(checked).rejects.toMatchObject({ code: 'invalid_options', message: says });
});

test('a label that is none is refused', () => {
  expect(() => wireSpec(labelled('nonsense'), {}, { selinux: {} })).toThrow(
    'SELinux label "nonsense" is not user:role:type',
  );
});
