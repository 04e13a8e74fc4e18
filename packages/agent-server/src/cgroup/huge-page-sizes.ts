// SPDX-License-Identifier: Apache-2.0
import { readdir } from 'node:fs/promises';
import { errnoName } from '../errors/describe-error.ts';

const kibPerMib = 1024;
const kibPerGib = 1024 * 1024;

/** `2048` → `2MB`, `1048576` → `1GB`, `64` → `64KB`: the names cgroup files use. */
export function hugePageSizeName(sizeKib: number): string {
  if (sizeKib >= kibPerGib) return `${sizeKib / kibPerGib}GB`;
  if (sizeKib >= kibPerMib) return `${sizeKib / kibPerMib}MB`;
  return `${sizeKib}KB`;
}

/** The sizes of huge pages this kernel has. */
export async function listHugePageSizes(dir = '/sys/kernel/mm/hugepages'): Promise<string[]> {
  let names: string[];
  try {
    names = await readdir(dir);
  } catch (error) {
    if (errnoName(error) === 'ENOENT') return [];
    throw error;
  }
  return names.flatMap((name) => {
    const match = /^hugepages-(\d+)kB$/.exec(name);
    return match === null ? [] : [hugePageSizeName(Number(match[1]))];
  });
}
