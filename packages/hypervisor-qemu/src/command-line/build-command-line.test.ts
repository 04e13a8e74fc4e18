// SPDX-License-Identifier: Apache-2.0
import type { RootImage, VmConfig } from '@hako/hypervisor';
import { describe, expect, test } from 'vitest';
import { defaultCpuModel } from '../accelerator/accelerator.ts';
import { buildCommandLine } from './build-command-line.ts';
import type { LaunchPlan } from './launch-plan.ts';

const image: RootImage = { path: '/assets/root.erofs', format: 'raw', fstype: 'erofs' };

const config: VmConfig = {
  id: 'box-1',
  runDir: '/run/hako/box-1',
  kernelPath: '/assets/vmlinux',
  initrdPath: '/assets/initrd.cpio',
  rootImage: image,
  kernelParameters: ['agent.log=info'],
  vcpus: 1,
  memoryMib: 512,
  sharedMemory: false,
  devices: [],
  agentChannel: 'auto',
  accelerator: 'auto',
};

const plan: LaunchPlan = {
  config,
  machine: 'q35',
  accelerator: 'tcg',
  cpuModel: defaultCpuModel.tcg,
  agent: { kind: 'virtio-serial', socketPath: '/run/hako/box-1/agent-port.sock' },
  agentPortName: 'hako.agent.0',
  monitorFd: 3,
  tscKhz: 2_445_405,
};

const shared: Partial<VmConfig> = {
  sharedMemory: true,
  devices: [
    { kind: 'virtio-fs', tag: 'kataShared', socketPath: '/run/hako/box-1/fs.sock' },
    { kind: 'block', id: 'data', path: '/data/disk.img', readOnly: false },
    { kind: 'block', id: 'layer', path: '/data/layer,v2.erofs', readOnly: true },
  ],
};

const exporting: Partial<VmConfig> = {
  exportedDirectories: [{ id: 'share', path: '/run/hako/a,b/view' }],
  devices: [{ kind: '9p', tag: 'kataShared', exportId: 'share' }],
};

const { initrdPath, ...withoutInitrd } = config;
const { rootImage, ...withoutImage } = config;
const { tscKhz, ...unmeasured } = plan;

const twoNodes: Partial<VmConfig> = {
  vcpus: 3,
  sharedMemory: true,
  numaNodes: [
    { vcpus: 2, memoryMib: 384, hostNodes: [0, 2], distances: [10, 21] },
    { vcpus: 2, memoryMib: 128, hostNodes: [1], distances: [21, 10] },
  ],
};

/** One file per case under `__golden__`, one argument per line. */
const cases: readonly { readonly name: string; readonly plan: LaunchPlan }[] = [
  { name: 'q35-tcg', plan },
  {
    name: 'q35-kvm-vsock',
    plan: { ...unmeasured, accelerator: 'kvm', cpuModel: 'host', agent: { kind: 'vsock', cid: 4711 } },
  },
  { name: 'q35-tcg-shared-devices', plan: { ...plan, config: { ...config, ...shared } } },
  { name: 'q35-tcg-9p', plan: { ...plan, config: { ...config, ...exporting } } },
  { name: 'microvm-tcg-9p', plan: { ...plan, machine: 'microvm', config: { ...config, ...exporting } } },
  { name: 'q35-tcg-four-cpus', plan: { ...plan, config: { ...config, vcpus: 4 } } },
  {
    name: 'q35-tcg-room-to-grow',
    plan: { ...plan, config: { ...config, maximumVcpus: 4, maximumMemoryMib: 2048, balloon: true } },
  },
  {
    name: 'q35-tcg-topology-shared-room',
    plan: {
      ...plan,
      config: {
        ...config,
        sharedMemory: true,
        maximumVcpus: 8,
        cpuTopology: { sockets: 2, cores: 2, threads: 2 },
        maximumMemoryMib: 1024,
      },
    },
  },
  {
    name: 'q35-tcg-nvdimm-root',
    plan: {
      ...plan,
      rootMemory: { sizeBytes: 64 * 1024 * 1024, isMappable: true },
      config: { ...config, rootImage: { ...image, attachment: 'nvdimm' }, maximumMemoryMib: 1024 },
    },
  },
  {
    name: 'q35-kvm-tuned',
    plan: {
      ...unmeasured,
      accelerator: 'kvm',
      cpuModel: 'host',
      config: {
        ...config,
        ...shared,
        tuning: {
          machineOptions: ['hpet=off', 'dump-guest-core=off'],
          cpuFeatures: ['pmu=off', '-smap'],
          entropySource: '/dev/hwrng',
          iommu: true,
          diskThread: true,
          hugePages: true,
          preallocateMemory: true,
        },
      },
    },
  },
  {
    name: 'q35-tcg-memory-directory',
    plan: { ...plan, config: { ...config, sharedMemory: true, tuning: { memoryDirectory: '/dev/shm' } } },
  },
  {
    name: 'q35-tcg-preallocated',
    plan: { ...plan, config: { ...config, tuning: { preallocateMemory: true } } },
  },
  {
    name: 'q35-kvm-numa',
    plan: {
      ...unmeasured,
      accelerator: 'kvm',
      cpuModel: 'host',
      config: { ...config, ...twoNodes, tuning: { hugePages: true, preallocateMemory: true } },
    },
  },
  {
    name: 'q35-tcg-one-node-room',
    plan: {
      ...plan,
      config: {
        ...config,
        maximumVcpus: 4,
        maximumMemoryMib: 1024,
        numaNodes: [{ vcpus: 4, memoryMib: 512, hostNodes: [1], distances: [10] }],
      },
    },
  },
  {
    name: 'virt-tcg-numa',
    plan: { ...unmeasured, machine: 'virt', cpuModel: 'max', config: { ...config, ...twoNodes } },
  },
  {
    name: 'q35-tcg-ports-dump',
    plan: {
      ...plan,
      config: {
        ...config,
        pciePorts: { root: 2, switch: 2 },
        memoryDump: { directory: '/var/dumps', paging: true },
      },
    },
  },
  { name: 'q35-tcg-initrd-only', plan: { ...plan, config: withoutImage } },
  { name: 'q35-tcg-image-only-debug', plan: { ...plan, config: { ...withoutInitrd, debug: true } } },
  { name: 'microvm-tcg', plan: { ...plan, machine: 'microvm', config: { ...config, ...shared } } },
  {
    name: 'virt-tcg-devices-room',
    plan: {
      ...unmeasured,
      machine: 'virt',
      cpuModel: 'max',
      config: { ...config, ...shared, maximumMemoryMib: 2048, balloon: true },
    },
  },
  { name: 'virt-tcg', plan: { ...unmeasured, machine: 'virt', cpuModel: 'max' } },
  {
    name: 'virt-kvm-vsock',
    plan: {
      ...unmeasured,
      machine: 'virt',
      accelerator: 'kvm',
      cpuModel: 'host',
      agent: { kind: 'vsock', cid: 4711 },
    },
  },
];

describe('buildCommandLine', () => {
  test.for(cases)('$name [proves machine $plan.machine]', async ({ name, plan: given }) => {
    await expect(`${buildCommandLine(given).join('\n')}\n`).toMatchFileSnapshot(`__golden__/${name}.txt`);
  });

  test('a machine that survives its owner listens for monitor and console, and is the same otherwise', () => {
    const sockets = { monitorPath: '/run/a,b/qmp.sock', consolePath: '/run/a,b/console.sock' };
    const differing = buildCommandLine({ ...plan, sockets }).filter(
      (word) => !buildCommandLine(plan).includes(word),
    );
    expect(differing).toEqual([
      'socket,id=console,path=/run/a,,b/console.sock,server=on,wait=off',
      'socket,id=monitor,path=/run/a,,b/qmp.sock,server=on,wait=off',
    ]);
  });

  test('the same plan gives the same arguments', () => {
    expect(buildCommandLine(plan)).toEqual(buildCommandLine(plan));
  });

  test('paths with a comma cannot add options', () => {
    const kernelPath = '/a,readonly=off';
    const evil = { ...config, rootImage: { path: kernelPath, format: 'raw', fstype: 'ext4' } } as const;
    const args = buildCommandLine({ ...plan, config: evil });
    expect(args.find((argument) => argument.includes('disk-hako.root'))).toContain(
      'file.filename=/a,,readonly=off',
    );
  });

  test("the caller's kernel words come last, so that they win [proves kernel words]", () => {
    const args = buildCommandLine({ ...plan, config: { ...config, kernelParameters: ['panic=5'] } });
    expect(args[args.indexOf('-append') + 1]).toMatch(/ panic=5$/);
  });

  test.for([
    { what: 'initrd', path: initrdPath },
    { what: 'root image', path: rootImage?.path },
    { what: 'frequency of the clock', path: `tsc_early_khz=${tscKhz}` },
  ])('the $what is named', ({ path }) => {
    expect(buildCommandLine(plan).join(' ')).toContain(path);
  });
});
