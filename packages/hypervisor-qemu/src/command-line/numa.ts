// SPDX-License-Identifier: Apache-2.0
import type { NumaNode, VmConfig } from '@hako/hypervisor';
import { memoryObject } from './memory.ts';
import { optionList } from './option-list.ts';

/** Arguments of the NUMA nodes: of what the memory of each is made, which CPUs it has, and how far it is to the others. */
export function numaArguments(config: VmConfig): string[] {
  const { numaNodes: nodes = [] } = config;
  let firstCpu = 0;
  const parts = nodes.flatMap((node, nodeid) => {
    const memdev = `numa-mem${nodeid}`;
    const cpus = `${firstCpu}-${firstCpu + node.vcpus - 1}`;
    firstCpu += node.vcpus;
    const memory = [memoryObject(config, memdev, node.memoryMib), ...placement(node)].join(',');
    return ['-object', memory, '-numa', optionList('node', { nodeid, memdev, cpus })];
  });
  return [...parts, ...nodes.flatMap(distanceArguments)];
}

/** From where the host takes the memory. A list is a repeated option, as QEMU has it. */
function placement({ hostNodes }: NumaNode): readonly string[] {
  return [...hostNodes.map((node) => `host-nodes=${node}`), 'policy=bind'];
}

function distanceArguments({ distances }: NumaNode, src: number): string[] {
  return distances.flatMap((val, dst) =>
    dst === src ? [] : ['-numa', optionList('dist', { src, dst, val })],
  );
}
