// SPDX-License-Identifier: Apache-2.0
import { Container, Sandbox, type NetworkModel } from '@hako/sandbox';
import { publicMembers } from './public-members.ts';
import { rowsOf, type StatusRow } from './status-row.ts';

const networkModels = {
  tcfilter: true,
  none: true,
  macvtap: true,
} satisfies Readonly<Record<NetworkModel | 'macvtap', true>>;

/** Kinds of links in the order in which upstream tells them apart. */
const endpoints = [
  'physical',
  'vhost-user',
  'macvlan',
  'macvtap',
  'tap',
  'tuntap',
  'veth',
  'ipvlan',
  'vfio',
  'user',
] as const;

/** Classes of mounts: host-runtime reference, 2.7 to 2.9. */
const mountClasses = [
  'shared',
  'read-only',
  'left alone',
  'copied',
  'watchable',
  'shm',
  'ephemeral',
  'hugepages',
  'local',
  'block volume',
] as const;

/** What a sandbox does beyond the calls of its classes. */
const lifeSteps = [
  'pod of several containers',
  'shared pid namespace',
  'out of memory',
  'monitor',
  'host hooks',
  'vcpus by limits',
  'memory by limits',
  'guest swap',
  'volumes in memory by limits',
  'static sizing',
  'numa topology',
  'vcpu pinning',
  'cgroup of the machine',
  'attach from another process',
  'killed at any step',
  'adopted after a kill',
  'growth after adoption',
  'unplug after adoption',
  'links after adoption',
  'poststop hook after adoption',
  'templates',
] as const;

/** Sharing, network and life of sandboxes. */
export const sandboxRows: readonly StatusRow[] = [
  ...rowsOf(
    'File sharing',
    ['virtio-fs', '9p', 'none', 'block root'].map((kind) => `share ${kind}`),
  ),
  ...rowsOf(
    'Mounts',
    mountClasses.map((kind) => `mount ${kind}`),
  ),
  ...rowsOf(
    'Network',
    Object.keys(networkModels).map((model) => `model ${model}`),
  ),
  ...rowsOf(
    'Network',
    endpoints.map((kind) => `endpoint ${kind}`),
  ),
  ...rowsOf('Network', ['interface at run time', 'links of hooks', 'rate limits']),
  ...rowsOf('Life of sandboxes', publicMembers('sandbox', Sandbox.prototype)),
  ...rowsOf('Life of sandboxes', publicMembers('container', Container.prototype)),
  ...rowsOf('Life of sandboxes', lifeSteps),
];
