// SPDX-License-Identifier: Apache-2.0
import type { GuestNode } from './guest-node.ts';

/**
 * Chooses a CPU of the host for each place of a virtual one: round and round those of its node that the sandbox has, or all that
 * it has if none of them are the node's. Nodes that lie on the same CPUs go round them together.
 * @param nodes of the guest
 * @param cpus that the sandbox has; at least one
 */
export function nodePlaces(nodes: readonly GuestNode[], cpus: readonly number[]): readonly number[] {
  const used = new Map<number, number>();
  const uses = (cpu: number): number => used.get(cpu) ?? 0;
  return nodes.flatMap(({ hostCpus, vcpus }) => {
    const own = hostCpus.filter((cpu) => cpus.includes(cpu));
    const usable = own.length > 0 ? own : cpus;
    return Array.from({ length: vcpus }, () => {
      const cpu = usable.reduce((least, each) => (uses(each) < uses(least) ? each : least));
      used.set(cpu, uses(cpu) + 1);
      return cpu;
    });
  });
}
