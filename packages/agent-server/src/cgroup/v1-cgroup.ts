// SPDX-License-Identifier: Apache-2.0
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { readCgroupFile } from './cgroup-file.ts';
import { killProcesses, removeGroups, writeControl } from './cgroup-tree.ts';
import type { Cgroups, ContainerCgroup } from './container-cgroup.ts';
import { listHugePageSizes } from './huge-page-sizes.ts';
import { readPidsStats } from './pids.ts';
import { readBlkioStatsV1 } from './v1/blkio.ts';
import { readCpuStatsV1 } from './v1/cpu.ts';
import { readHugetlbStatsV1 } from './v1/hugetlb.ts';
import { readMemoryStatsV1 } from './v1/memory.ts';
import { type CgroupComponents, cgroupRoot } from './v2-cgroup.ts';

const freezeTries = 50;
const freezePauseMs = 2;

/** Freezing takes a moment in which processes can still fork; a group that does not freeze in time is killed as it is. */
async function freeze(freezerDir: string): Promise<void> {
  if (!(await writeControl(freezerDir, 'freezer.state', 'FROZEN'))) return;
  for (let attempt = 0; attempt < freezeTries; attempt += 1) {
    if ((await readCgroupFile(freezerDir, 'freezer.state'))?.trim() !== 'FREEZING') return;
    await delay(freezePauseMs);
  }
}

function openCgroupV1(root: string, cgroupPath: string, kill: CgroupComponents['kill']): ContainerCgroup {
  const dirOf = (controller: string) => join(root, controller, cgroupPath);
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
    async killAll() {
      await freeze(dirOf('freezer'));
      // A kernel without the freezer or the pids controller still has one of the others.
      for (const controller of ['freezer', 'pids', 'memory']) await killProcesses(dirOf(controller), kill);
      await writeControl(dirOf('freezer'), 'freezer.state', 'THAWED');
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
  return { open: (cgroupPath) => openCgroupV1(root, cgroupPath, components.kill) };
}
