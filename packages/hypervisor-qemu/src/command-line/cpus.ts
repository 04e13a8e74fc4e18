// SPDX-License-Identifier: Apache-2.0
import { cpuPlaces, type VmConfig } from '@hako/hypervisor';
import { optionList } from './option-list.ts';

/**
 * Arguments of the CPUs. Where no more can be plugged, QEMU's own layout is kept: every place for a CPU costs the guest
 * time at boot. Otherwise each CPU is a socket of its own, and each of several NUMA nodes one, as upstream's, unless a
 * topology is given.
 */
export function cpuArguments(config: VmConfig): string[] {
  const { vcpus, maximumVcpus = vcpus, cpuTopology, numaNodes: { length: nodes } = [] } = config;
  if (nodes > 1) {
    const maxcpus = cpuPlaces(vcpus, nodes);
    const sockets = { sockets: nodes, cores: maxcpus / nodes, threads: 1, maxcpus };
    return ['-smp', optionList(String(vcpus), sockets)];
  }
  if (cpuTopology === undefined && maximumVcpus === vcpus) return ['-smp', String(vcpus)];
  const { sockets, cores, threads } = cpuTopology ?? { sockets: maximumVcpus, cores: 1, threads: 1 };
  return ['-smp', optionList(String(vcpus), { sockets, cores, threads, maxcpus: maximumVcpus })];
}
