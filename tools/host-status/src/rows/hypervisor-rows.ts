// SPDX-License-Identifier: Apache-2.0
import type {
  ColdDevice,
  Hypervisor,
  NetworkBackend,
  PluggableDevices,
  PluggableKind,
  VfioHost,
  VirtualMachine,
} from '@hako/hypervisor';
import type { MachineName } from '@hako/hypervisor-qemu';
import { rowsOf, type StatusRow } from './status-row.ts';

/** What upstream's interface calls each member. A member that upstream has not is `''`. */
const makerMembers: Readonly<Record<keyof Hypervisor, string>> = {
  name: '',
  capabilities: 'Capabilities',
  createVm: 'CreateVM',
  adoptVm: 'Load',
  snapshotSupport: '',
};

const machineMembers = {
  id: 'HypervisorConfig',
  state: 'Check',
  agentAddress: 'GenerateSocket',
  exited: '',
  consoleLogPath: 'GetVMConsole',
  phases: '',
  start: 'StartVM',
  openAgentChannel: '',
  waitForAgent: '',
  pause: 'PauseVM',
  resume: 'ResumeVM',
  save: 'SaveVM',
  pids: 'GetPids',
  record: 'Save',
  release: 'Disconnect',
  vcpuThreads: 'GetThreadIDs',
  usage: '',
  stop: 'StopVM, Cleanup',
  plug: 'HotplugAddDevice, ResizeVCPUs',
  unplug: 'HotplugRemoveDevice',
  resizeMemory: 'ResizeMemory',
  resizeBlock: '',
  pluggedDevices: 'GetTotalMemoryMB',
} satisfies Readonly<Record<Exclude<keyof VirtualMachine, symbol>, string>>;

/** Members of upstream's interface that no member of ours stands for; gaps.json says why. */
const upstreamOnly = [
  'ResolveColdPlugVFIOGuestPciPaths',
  'GetVirtioFsPid',
  'fromGrpc',
  'toGrpc',
  'IsRateLimiterBuiltin',
] as const;

const diskDrivers: Readonly<Record<NonNullable<PluggableDevices['block']['driver']>, true>> = {
  'virtio-blk': true,
  'virtio-scsi': true,
};

const networkBackends: Readonly<Record<NetworkBackend['kind'], true>> = {
  tap: true,
  'tap-descriptors': true,
  user: true,
  stream: true,
  'vhost-user': true,
};

const hostFunctions: Readonly<Record<VfioHost['kind'], true>> = { pci: true, mediated: true };

/** Each kind that can be plugged, with the forms that differ in what QEMU is told. */
const pluggableForms: Readonly<Record<PluggableKind, readonly string[]>> = {
  block: Object.keys(diskDrivers),
  network: Object.keys(networkBackends),
  'virtio-fs': [],
  '9p': [],
  'vhost-user-blk': [],
  'vhost-user-scsi': [],
  vfio: Object.keys(hostFunctions),
  vcpus: [],
  memory: [],
  'virtio-mem': [],
};

const coldKinds = {
  'virtio-fs': true,
  '9p': true,
  block: true,
  'serial-port': true,
} satisfies Readonly<Record<ColdDevice['kind'], true>>;

const machineNames: Readonly<Record<MachineName, true>> = { q35: true, microvm: true, virt: true };

/** What a machine can be given beside devices. */
const machineParts = [
  ...['initrd', 'root virtio-blk', 'root nvdimm', 'kernel words', 'agent by virtio-serial', 'agent by vsock'],
  ...['shared memory', 'huge pages', 'preallocated memory', 'memory directory', 'balloon', 'entropy source'],
  ...['iommu', 'disk thread', 'cpu features', 'machine options', 'root ports', 'switch ports', 'memory dump'],
  'numa nodes',
] as const;

function membersOf(prefix: string, members: Readonly<Record<string, string>>): readonly StatusRow[] {
  return Object.entries(members).map(([member, upstream]) => ({
    section: 'Hypervisor interface',
    name: `${prefix}.${member}`,
    ...(upstream !== '' && { upstream }),
  }));
}

const forms = Object.entries(pluggableForms).flatMap(([kind, variants]) =>
  variants.length === 0 ? [kind] : variants.map((variant) => `${kind} ${variant}`),
);

/** The contract of a hypervisor, and what can be put into its machines. */
export const hypervisorRows: readonly StatusRow[] = [
  ...membersOf('hypervisor', makerMembers),
  ...membersOf('vm', machineMembers),
  ...rowsOf('Hypervisor interface', upstreamOnly),
  ...rowsOf(
    'Machines',
    Object.keys(machineNames).map((name) => `machine ${name}`),
  ),
  ...rowsOf('Machines', machineParts),
  ...rowsOf(
    'Devices of the boot',
    Object.keys(coldKinds).map((kind) => `cold ${kind}`),
  ),
  ...rowsOf(
    'Hotplug',
    forms.flatMap((form) => [`plug ${form}`, `unplug ${form}`]),
  ),
];
