// SPDX-License-Identifier: Apache-2.0
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { SandboxError } from '../../sandbox-error.ts';
import { parseNumberList } from '../number-list.ts';

/** A NUMA node of the host. */
export interface HostNumaNode {
  readonly id: number;
  /** Its CPUs, ascending; a node of memory alone has none. */
  readonly cpus: readonly number[];
  readonly memoryMib: number;
  /** How far it is to each node of the host, in the order of their numbers, as ACPI counts: 10 to itself. */
  readonly distances: readonly number[];
}

const kibPerMib = 1024;

/**
 * Reads which NUMA nodes the host has, in the order of their numbers (sysfs-devices-node of the kernel's ABI). Error:
 * `tool_failed` where the kernel does not tell.
 * @param root directory to read
 */
export async function readHostNodes(root = '/sys/devices/system/node'): Promise<readonly HostNumaNode[]> {
  try {
    const ids = listOf(await readFile(join(root, 'online'), 'utf8'));
    return await Promise.all(ids.map((id) => readHostNode(join(root, `node${id}`), id)));
  } catch (cause) {
    throw new SandboxError('tool_failed', 'the NUMA nodes of the host cannot be read', {
      cause,
      remedy: 'leave the NUMA nodes of the sandbox out',
    });
  }
}

async function readHostNode(directory: string, id: number): Promise<HostNumaNode> {
  const [cpus = '', memory = '', distances = ''] = await Promise.all(
    ['cpulist', 'meminfo', 'distance'].map((name) => readFile(join(directory, name), 'utf8')),
  );
  const kib = Number(/MemTotal:\s*(\d+) kB/.exec(memory)?.[1] ?? 0);
  return {
    id,
    cpus: listOf(cpus),
    memoryMib: Math.floor(kib / kibPerMib),
    distances: distances.trim().split(/\s+/).map(Number),
  };
}

function listOf(text: string): readonly number[] {
  const list = parseNumberList(text);
  if (list === undefined) throw new Error(`${JSON.stringify(text)} is no list of numbers`);
  return list;
}
