// SPDX-License-Identifier: Apache-2.0
import { hasMemoryProbe, readMemoryBlockSize } from '../system/memory-blocks.ts';
import { agentVersion } from '../version.ts';
import type { HandlerFactory } from './rpc-context.ts';

/** Tells what the guest and this agent can do. */
export const getGuestDetails: HandlerFactory<'getGuestDetails'> =
  ({ components }) =>
  async ({ memBlockSize, memHotplugProbe }) => {
    const { runtime, storageDrivers, deviceDrivers, devices, isInit } = components;
    const { sysDir } = devices.tree;
    const [memBlockSizeBytes, supportMemHotplugProbe, features] = await Promise.all([
      memBlockSize ? readMemoryBlockSize(sysDir) : 0n,
      memHotplugProbe ? hasMemoryProbe(sysDir) : false,
      runtime.features(),
    ]);
    return {
      memBlockSizeBytes,
      supportMemHotplugProbe,
      agentDetails: {
        version: agentVersion,
        initDaemon: isInit,
        deviceHandlers: [...deviceDrivers.keys()],
        storageHandlers: [...storageDrivers.keys()],
        supportsSeccomp: features.seccomp,
        extraFeatures: features.seccomp ? ['agent-policy', 'seccomp'] : ['agent-policy'],
      },
    };
  };
