// SPDX-License-Identifier: Apache-2.0
import { availableParallelism, totalmem } from 'node:os';

import { Configuration, type FoundValue } from '@hako/configuration';
import { expect, test } from 'vitest';

import { mergeSizing, sizingSettings } from './sizing-settings.ts';

const qemu = 'hypervisor.qemu';
const hostMib = Math.floor(totalmem() / 1024 / 1024);

function settings(found: readonly FoundValue[]): ReturnType<typeof sizingSettings> {
  const origin = { kind: 'file', file: 'configuration.toml' } as const;
  return sizingSettings(Configuration.defaults().with(found, () => origin));
}

test('machines grow to what the host has, by modules', () => {
  expect(settings([{ section: qemu, key: 'machine_type', value: 'q35' }])).toEqual({
    sizesOnce: false,
    sizing: {
      vcpus: 1,
      memoryMib: 2048,
      maximumVcpus: availableParallelism(),
      maximumMemoryMib: Math.max(2048, hostMib),
      memoryGrowth: 'modules',
      memorySlots: 10,
    },
  });
});

test.for<{ found: FoundValue; says: object }>([
  { found: { section: qemu, key: 'default_maxmemory', value: 2304 }, says: { maximumMemoryMib: 2304 } },
  { found: { section: qemu, key: 'default_maxmemory', value: 1024 }, says: { maximumMemoryMib: 2048 } },
  {
    found: { section: qemu, key: 'default_maxmemory', value: hostMib + 1 },
    says: { maximumMemoryMib: Math.max(2048, hostMib) },
  },
  { found: { section: qemu, key: 'default_maxvcpus', value: 1 }, says: { maximumVcpus: 1 } },
  { found: { section: qemu, key: 'enable_virtio_mem', value: true }, says: { memoryGrowth: 'virtio-mem' } },
  { found: { section: qemu, key: 'memory_slots', value: 3 }, says: { memorySlots: 3 } },
  { found: { section: qemu, key: 'enable_numa', value: true }, says: { numa: {} } },
  { found: { section: 'runtime', key: 'enable_vcpus_pinning', value: true }, says: { pinVcpus: true } },
  { found: { section: qemu, key: 'enable_guest_swap', value: true }, says: { guestSwap: true } },
  {
    found: { section: 'runtime', key: 'sandbox_cgroup_only', value: true },
    says: { hostCgroup: { layout: 'together' } },
  },
  {
    found: { section: 'runtime', key: 'sandbox_cgroup_only', value: false },
    says: { hostCgroup: { layout: 'overhead' } },
  },
])('$found says $says', ({ found, says }) => {
  const machine = { section: qemu, key: 'machine_type', value: 'q35' } as const;
  expect(settings([machine, found]).sizing).toMatchObject(says);
});

test('a mapping of NUMA nodes counts with the switch beside it, or as an annotation', () => {
  const mapping = ['0', '1-2'];
  const mapped = { section: qemu, key: 'numa_mapping', value: mapping } as const;
  expect(settings([mapped]).sizing).not.toHaveProperty('numa');
  const on = { section: qemu, key: 'enable_numa', value: true } as const;
  expect(settings([mapped, on]).sizing).toMatchObject({ numa: { mapping } });
  const annotation = 'io.katacontainers.config.hypervisor.numa_mapping';
  const annotated = Configuration.defaults().with([mapped], () => ({ kind: 'annotation', annotation }));
  expect(sizingSettings(annotated).sizing).toMatchObject({ numa: { mapping } });
});

test('static management and a microvm size a machine once', () => {
  const once = settings([{ section: 'runtime', key: 'static_sandbox_resource_mgmt', value: true }]);
  expect(once).toEqual({ sizesOnce: true, sizing: { vcpus: 1, memoryMib: 2048 } });
  const micro = settings([{ section: qemu, key: 'machine_type', value: 'microvm' }]);
  expect(micro).toEqual({ sizesOnce: false, sizing: { vcpus: 1, memoryMib: 2048 } });
});

test('a machine without places for CPUs grows its memory alone', () => {
  const { sizing } = settings([{ section: qemu, key: 'machine_type', value: 'virt' }]);
  expect(sizing).not.toHaveProperty('maximumVcpus');
  expect(sizing).toHaveProperty('maximumMemoryMib');
});

test('words that ask for more than the configuration lets a machine have get it', () => {
  const configured = { vcpus: 1, memoryMib: 2048, maximumVcpus: 2, maximumMemoryMib: 3072 };
  expect(mergeSizing(configured, { vcpus: 4 })).toMatchObject({
    vcpus: 4,
    maximumVcpus: 4,
    maximumMemoryMib: 3072,
  });
  expect(mergeSizing(configured, { memoryMib: 4096 })).toMatchObject({
    memoryMib: 4096,
    maximumMemoryMib: 4096,
  });
  expect(mergeSizing(configured, { maximumVcpus: 1 })).toMatchObject({ vcpus: 1, maximumVcpus: 1 });
});
