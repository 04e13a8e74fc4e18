// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path';
import { readCgroupFile } from './cgroup-file.ts';
import { killProcesses, removeGroups, writeControl } from './cgroup-tree.ts';
import type { Cgroups, ContainerCgroup } from './container-cgroup.ts';
import { type Freezer, freezeFully } from './freezer.ts';
import { listHugePageSizes } from './huge-page-sizes.ts';
import { cpusetValues, readOomKills, widenCpus, writeLimits } from './limits.ts';
import { readPidsStats } from './pids.ts';
import { readCpuStatsV2 } from './v2/cpu.ts';
import { readHugetlbStatsV2 } from './v2/hugetlb.ts';
import { readBlkioStatsV2 } from './v2/io.ts';
import { watchMemoryEvents } from './v2/memory-events.ts';
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

function freezerOf(dir: string): Freezer {
  return {
    request: () => writeControl(dir, 'cgroup.freeze', '1'),
    isFrozen: async () => {
      const events = await readCgroupFile(dir, 'cgroup.events');
      return events === undefined || /^frozen 1$/m.test(events);
    },
    thaw: () => writeControl(dir, 'cgroup.freeze', '0'),
  };
}

function openCgroupV2(root: string, dir: string, kill: CgroupComponents['kill']): ContainerCgroup {
  const freezer = freezerOf(dir);
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
    limit: (limits) =>
      writeLimits([
        ...cpusetValues(dir, limits),
        ...limits.hugepages.map(({ pageSize, limit }) => ({
          dir,
          file: `hugetlb.${pageSize}.max`,
          value: limit.toString(),
        })),
      ]),
    widenParents: (cpus) => widenCpus(root, dir, cpus),
    freeze: () => freezeFully(freezer, dir),
    async thaw() {
      await freezer.thaw();
    },
    oomKills: () => readOomKills(dir, 'memory.events'),
    onMemoryEvent: (callback) => watchMemoryEvents(dir, callback),
    async killAll() {
      // cgroup.kill (Linux 5.14) also ends frozen processes and cannot be outrun by forks.
      if (!(await writeControl(dir, 'cgroup.kill', '1'))) {
        await freezer.request();
        await killProcesses(dir, kill);
      }
      await freezer.thaw();
    },
    remove: () => removeGroups(dir),
  };
}

/** Containers' cgroups on the unified hierarchy. Source: Documentation/admin-guide/cgroup-v2.rst. */
export function createCgroupsV2(components: CgroupComponents): Cgroups {
  const root = components.root ?? cgroupRoot;
  return { version: 2, open: (cgroupPath) => openCgroupV2(root, join(root, cgroupPath), components.kill) };
}
