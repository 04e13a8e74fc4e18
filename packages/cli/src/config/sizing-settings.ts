// SPDX-License-Identifier: Apache-2.0
import { availableParallelism, totalmem } from 'node:os';
import process from 'node:process';

import type { Configuration } from '@hako/configuration';

import type { RunSizing } from '../parse/sizing.ts';
import type { RunRequest } from '../run-request.ts';

const qemu = 'hypervisor.qemu';
const bytesPerMib = 1024 * 1024;

/** Less memory than this is what Kata takes for a mistake, and replaces. */
const leastMemoryMib = 256;
const usualMemoryMib = 2048;

/** Of the machines, one takes CPUs while it runs, and one takes nothing. */
const cpuTakingMachine = 'q35';
const fixedMachine = 'microvm';

/** Reads off a configuration how large a machine is, whether it grows and swaps, and where on the host it runs. */
export function sizingSettings(configuration: Configuration): Pick<RunRequest, 'sizing' | 'sizesOnce'> {
  const vcpus = vcpusOf(configuration.number(qemu, 'default_vcpus'));
  const wantedMib = configuration.number(qemu, 'default_memory');
  const memoryMib = wantedMib < leastMemoryMib ? usualMemoryMib : wantedMib;
  const sizesOnce = configuration.switch('runtime', 'static_sandbox_resource_mgmt');
  const isFixed = sizesOnce || machineOf(configuration) === fixedMachine;
  return {
    sizesOnce,
    sizing: {
      vcpus,
      memoryMib,
      ...(isFixed ? {} : growth(configuration, { vcpus, memoryMib })),
      ...(configuration.switch(qemu, 'enable_guest_swap') && { guestSwap: true }),
      ...numa(configuration),
      ...(configuration.switch('runtime', 'enable_vcpus_pinning') && { pinVcpus: true }),
      ...hostCgroup(configuration),
    },
  };
}

/**
 * Puts the words of the command line over what a configuration says. A machine that is asked to be larger than the
 * configuration lets it grow does not grow.
 */
export function mergeSizing(configured: RunSizing, words: RunSizing): RunSizing {
  const merged = { ...configured, ...words };
  const { vcpus = 0, memoryMib = 0, maximumVcpus, maximumMemoryMib } = merged;
  const configuredVcpus = words.maximumVcpus === undefined && maximumVcpus !== undefined;
  const configuredMemory = words.maximumMemoryMib === undefined && maximumMemoryMib !== undefined;
  return {
    ...merged,
    ...(configuredVcpus ? { maximumVcpus: Math.max(vcpus, maximumVcpus) } : {}),
    ...(configuredMemory ? { maximumMemoryMib: Math.max(memoryMib, maximumMemoryMib) } : {}),
  };
}

/** As Kata reads it: below 0, or more than there are, means all of the host; 0 means one; a part counts as a whole. */
function vcpusOf(wanted: number): number {
  const present = availableParallelism();
  if (wanted < 0 || wanted > present) return present;
  return Math.max(1, Math.ceil(wanted));
}

/** Empty means the usual one of the architecture. */
function machineOf(configuration: Configuration): string {
  return configuration.text(qemu, 'machine_type') || (process.arch === 'arm64' ? 'virt' : cpuTakingMachine);
}

/** As Kata reads it: 0, or more than there is, means all of the host. What does not grow needs no place to grow into. */
function growth(
  configuration: Configuration,
  { vcpus, memoryMib }: { readonly vcpus: number; readonly memoryMib: number },
): RunSizing {
  const takesCpus = machineOf(configuration) === cpuTakingMachine;
  const maximumVcpus = boundOf(configuration.number(qemu, 'default_maxvcpus'), availableParallelism());
  const hostMib = Math.floor(totalmem() / bytesPerMib);
  const maximumMemoryMib = boundOf(configuration.number(qemu, 'default_maxmemory'), hostMib);
  return {
    ...(takesCpus ? { maximumVcpus: Math.max(vcpus, maximumVcpus) } : {}),
    maximumMemoryMib: Math.max(memoryMib, maximumMemoryMib),
    memoryGrowth: configuration.switch(qemu, 'enable_virtio_mem') ? 'virtio-mem' : 'modules',
    memorySlots: configuration.number(qemu, 'memory_slots'),
  };
}

/** An annotation that maps nodes asks for them, too. */
function numa(configuration: Configuration): Pick<RunSizing, 'numa'> {
  const mapping = configuration.list(qemu, 'numa_mapping');
  const isAnnotated = configuration.origin(qemu, 'numa_mapping').kind === 'annotation';
  if (!configuration.switch(qemu, 'enable_numa') && !isAnnotated) return {};
  return { numa: mapping.length === 0 ? {} : { mapping } };
}

function boundOf(wanted: number, present: number): number {
  return wanted === 0 || wanted > present ? present : wanted;
}

/** Kata always keeps its machines in control groups; here only a file that speaks of them asks for that. */
function hostCgroup(configuration: Configuration): Pick<RunSizing, 'hostCgroup'> {
  const key = 'sandbox_cgroup_only';
  if (configuration.origin('runtime', key).kind === 'default') return {};
  return { hostCgroup: { layout: configuration.switch('runtime', key) ? 'together' : 'overhead' } };
}
