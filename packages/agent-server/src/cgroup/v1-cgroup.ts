// SPDX-License-Identifier: Apache-2.0
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { readCgroupFile } from './cgroup-file.ts';
import { killProcesses, removeGroups, writeControl } from './cgroup-tree.ts';
import type { Cgroups, ContainerCgroup } from './container-cgroup.ts';
import { type Freezer, freezeFully } from './freezer.ts';
import { listHugePageSizes } from './huge-page-sizes.ts';
import { cpusetValues, readOomKills, widenCpus, writeLimits } from './limits.ts';
import { readPidsStats } from './pids.ts';
import { readBlkioStatsV1 } from './v1/blkio.ts';
import { readCpuStatsV1 } from './v1/cpu.ts';
import { readHugetlbStatsV1 } from './v1/hugetlb.ts';
import { readMemoryStatsV1 } from './v1/memory.ts';
import { type CgroupComponents, cgroupRoot } from './v2-cgroup.ts';

/** A killed group need not stand still for ever: one that does not freeze in time is killed as it is. */
const freezeBeforeKillMs = 100;

function freezerOf(dir: string): Freezer {
  return {
    request: () => writeControl(dir, 'freezer.state', 'FROZEN'),
    async isFrozen() {
      const state = (await readCgroupFile(dir, 'freezer.state'))?.trim();
      // A process forked meanwhile is frozen only when it is asked for again.
      if (state === 'FREEZING') await writeControl(dir, 'freezer.state', 'FROZEN');
      return state === 'FROZEN' || state === undefined;
    },
    thaw: () => writeControl(dir, 'freezer.state', 'THAWED'),
  };
}

function openCgroupV1(root: string, cgroupPath: string, kill: CgroupComponents['kill']): ContainerCgroup {
  const dirOf = (controller: string) => join(root, controller, cgroupPath);
  const freezer = freezerOf(dirOf('freezer'));
  return {
    async stats() {
      const [cpuStats, memoryStats, pidsStats, blkioStats, hugetlbStats] = await Promise.all([
        readCpuStatsV1(dirOf('cpuacct'), dirOf('cpu')),
        readMemoryStatsV1(dirOf('memory')),
        readPidsStats(dirOf('pids')),
        readBlkioStatsV1(dirOf('blkio')),
        listHugePageSizes().then((sizes) => readHugetlbStatsV1(dirOf('hugetlb'), sizes)),
      ]);
      return { cpuStats, memoryStats, pidsStats, blkioStats, hugetlbStats };
    },
    limit: (limits) =>
      writeLimits([
        ...cpusetValues(dirOf('cpuset'), limits),
        ...limits.hugepages.map(({ pageSize, limit }) => ({
          dir: dirOf('hugetlb'),
          file: `hugetlb.${pageSize}.limit_in_bytes`,
          value: limit.toString(),
        })),
      ]),
    widenParents: (cpus) => widenCpus(join(root, 'cpuset'), dirOf('cpuset'), cpus),
    freeze: () => freezeFully(freezer, dirOf('freezer')),
    async thaw() {
      await freezer.thaw();
    },
    oomKills: () => readOomKills(dirOf('memory'), 'memory.oom_control'),
    // Its events go to an eventfd; the end of a killed process tells as much.
    onMemoryEvent: () => undefined,
    async killAll() {
      // It is killed as it is where there is no freezer.
      await freezeFully(freezer, dirOf('freezer'), freezeBeforeKillMs).catch(() => undefined);
      // A kernel without the freezer or the pids controller still has one of the others.
      for (const controller of ['freezer', 'pids', 'memory']) await killProcesses(dirOf(controller), kill);
      await freezer.thaw();
    },
    async remove() {
      const controllers = await readdir(root, { withFileTypes: true });
      for (const controller of controllers) {
        // Links such as cpuacct -> cpu,cpuacct name a group a second time.
        if (controller.isDirectory()) await removeGroups(dirOf(controller.name));
      }
    },
  };
}

/** Containers' cgroups where each controller has its own tree. Source: Documentation/admin-guide/cgroup-v1. */
export function createCgroupsV1(components: CgroupComponents): Cgroups {
  const root = components.root ?? cgroupRoot;
  return { version: 1, open: (cgroupPath) => openCgroupV1(root, cgroupPath, components.kill) };
}
