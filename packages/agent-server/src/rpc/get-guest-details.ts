// SPDX-License-Identifier: Apache-2.0
import { readFile, stat } from 'node:fs/promises';
import { AgentError } from '../errors/agent-error.ts';
import { errnoName } from '../errors/describe-error.ts';
import { agentVersion } from '../version.ts';
import type { HandlerFactory } from './rpc-context.ts';

const memoryDir = '/sys/devices/system/memory';

/** Size of a memory block in bytes: hexadecimal without prefix; 0 when memory cannot be plugged. */
async function readMemoryBlockSize(): Promise<bigint> {
  let text: string;
  try {
    text = (await readFile(`${memoryDir}/block_size_bytes`, 'utf8')).trim();
  } catch (error) {
    if (errnoName(error) === 'ENOENT') return 0n;
    throw error;
  }
  if (!/^[0-9a-fA-F]{1,16}$/.test(text)) {
    throw new AgentError('system_failed', `size of a memory block cannot be read: ${JSON.stringify(text)}`);
  }
  return BigInt(`0x${text}`);
}

async function hasMemoryProbe(): Promise<boolean> {
  try {
    await stat(`${memoryDir}/probe`);
    return true;
  } catch (error) {
    if (errnoName(error) === 'ENOENT') return false;
    throw error;
  }
}

/** Tells what the guest and this agent can do. */
export const getGuestDetails: HandlerFactory<'getGuestDetails'> =
  ({ components }) =>
  async ({ memBlockSize, memHotplugProbe }) => {
    const { runtime, storageDrivers, isInit } = components;
    const [memBlockSizeBytes, supportMemHotplugProbe, features] = await Promise.all([
      memBlockSize ? readMemoryBlockSize() : 0n,
      memHotplugProbe ? hasMemoryProbe() : false,
      runtime.features(),
    ]);
    return {
      memBlockSizeBytes,
      supportMemHotplugProbe,
      agentDetails: {
        version: agentVersion,
        initDaemon: isInit,
        // Upstream leaves this list empty, and hosts do not read it.
        deviceHandlers: [],
        storageHandlers: [...storageDrivers.keys()],
        supportsSeccomp: features.seccomp,
        extraFeatures: features.seccomp ? ['seccomp'] : [],
      },
    };
  };
