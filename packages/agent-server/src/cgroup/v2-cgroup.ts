// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path';
import { killProcesses, removeGroups, writeControl } from './cgroup-tree.ts';
import type { Cgroups, ContainerCgroup } from './container-cgroup.ts';
import { listHugePageSizes } from './huge-page-sizes.ts';
import { readPidsStats } from './pids.ts';
import { readCpuStatsV2 } from './v2/cpu.ts';
import { readHugetlbStatsV2 } from './v2/hugetlb.ts';
import { readBlkioStatsV2 } from './v2/io.ts';
import { readMemoryStatsV2 } from './v2/memory.ts';

/** What cgroups need from the system. */
export interface CgroupComponents {
  /** Mount point. Default `/sys/fs/cgroup`. */
  readonly root?: string;
  /** Sends a signal to a process. */
  readonly kill: (pid: number, signal: number) => void;
}

/** The default mount point of cgroups. */
export const cgroupRoot = '/sys/fs/cgroup';

function openCgroupV2(dir: string, kill: CgroupComponents['kill']): ContainerCgroup {
  return {
    async stats() {
      const [cpuStats, memoryStats, pidsStats, blkioStats, hugetlbStats] = await Promise.all([
        readCpuStatsV2(dir),
        readMemoryStatsV2(dir),
        readPidsStats(dir),
        readBlkioStatsV2(dir),
        listHugePageSizes().then((sizes) => readHugetlbStatsV2(dir, sizes)),
      ]);
      return { cpuStats, memoryStats, pidsStats, blkioStats, hugetlbStats };
    },
    async killAll() {
      // cgroup.kill (Linux 5.14) also ends frozen processes and cannot be outrun by forks.
      if (!(await writeControl(dir, 'cgroup.kill', '1'))) {
        await writeControl(dir, 'cgroup.freeze', '1');
        await killProcesses(dir, kill);
      }
      await writeControl(dir, 'cgroup.freeze', '0');
    },
    remove: () => removeGroups(dir),
  };
}

/** Containers' cgroups on the unified hierarchy. Source: Documentation/admin-guide/cgroup-v2.rst. */
export function createCgroupsV2(components: CgroupComponents): Cgroups {
  const root = components.root ?? cgroupRoot;
  return { open: (cgroupPath) => openCgroupV2(join(root, cgroupPath), components.kill) };
}
