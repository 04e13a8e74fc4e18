// SPDX-License-Identifier: Apache-2.0
import { statfsSync } from 'node:fs';
import { findPort, kill, openPort, openUeventSocket, type Reaper, systemLibc } from '@hako/linux';
import type { AgentComponents } from './agent-components.ts';
import { detectCgroupLayout } from './cgroup/cgroup-layout.ts';
import { createCgroupsV1 } from './cgroup/v1-cgroup.ts';
import { createCgroupsV2 } from './cgroup/v2-cgroup.ts';
import type { AgentOptions } from './config/agent-options.ts';
import { deviceDrivers } from './devices/device-drivers.ts';
import { createGuestDevices } from './devices/guest-devices.ts';
import { createDriverLoader } from './devices/missing-drivers.ts';
import { createHookRunner } from './hooks/run-hooks.ts';
import type { Logger } from './logging/logger.ts';
import type { AgentPaths } from './paths/agent-paths.ts';
import { createCrunRuntime } from './runtime/crun.ts';
import { hybridLauncher } from './runtime/hybrid-launcher.ts';
import { linuxDescriptors } from './runtime/linux-descriptors.ts';
import { createStorageDrivers } from './storage/storage-drivers.ts';
import { linuxMounter } from './system/linux-mounter.ts';
import { linuxSystem } from './system/linux-system.ts';
import { runProgram } from './system/program-runner.ts';

/** What differs from agent to agent. */
export interface LinuxComponentsOptions {
  readonly options: AgentOptions;
  readonly paths: AgentPaths;
  readonly logger: Logger;
  /** Made before the first child process. */
  readonly reaper: Reaper;
  /** Whether the agent is PID 1. */
  readonly isInit: boolean;
}

/** RAMFS_MAGIC and TMPFS_MAGIC of <linux/magic.h>: the root of an initramfs, on which pivot_root does not work. */
const initramfsMagics = new Set([0x858458f6, 0x01021994]);

/** Everything an agent works with on a real Linux. */
export function createLinuxComponents(request: LinuxComponentsOptions): AgentComponents {
  const { options, paths, logger, reaper, isInit } = request;
  const layout = detectCgroupLayout();
  const tree = { sysDir: '/sys', devDir: '/dev' };
  return {
    logger,
    options,
    paths,
    isInit,
    runtime: createCrunRuntime(
      { reaper, descriptors: linuxDescriptors, kill: (pid, signal) => kill(pid, signal) },
      {
        runtimeDir: paths.runtimeDir,
        launcher: layout === 'hybrid' ? hybridLauncher : [],
        pipeCapacityBytes: options.containerPipeSizeBytes,
        noPivotRoot: initramfsMagics.has(statfsSync('/').type),
      },
    ),
    cgroups: (layout === 'unified' ? createCgroupsV2 : createCgroupsV1)({
      kill: (pid, signal) => kill(pid, signal),
    }),
    mounter: linuxMounter,
    system: linuxSystem,
    runProgram,
    runHooks: createHookRunner({ runProgram, logger }),
    storageDrivers: createStorageDrivers(),
    devices: createGuestDevices({
      tree,
      // Elsewhere udev has seen to them.
      loadDrivers: isInit ? createDriverLoader({ tree, runProgram, logger }) : () => Promise.resolve(false),
      arch: process.arch,
      openUevents: (uevents) => openUeventSocket(uevents),
      timeoutMs: options.hotplugTimeoutMs,
      logger,
    }),
    openNetwork: async () => {
      const { openRouteSocket } = await import('./optional/network.ts');
      return openRouteSocket({}, systemLibc());
    },
    ports: { findPort, openPort },
    deviceDrivers,
  };
}
