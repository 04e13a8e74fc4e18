// SPDX-License-Identifier: Apache-2.0
import { basename, join } from 'node:path';
import { AgentError } from '../../errors/agent-error.ts';
import { type BlockDevice, readBlockDevice } from '../block-device.ts';
import type { DeviceQuery } from '../device-query.ts';

function namedDisk(kind: string, pattern: RegExp, path: string): DeviceQuery<BlockDevice> {
  if (!pattern.test(path)) {
    throw new AgentError('invalid_request', `${JSON.stringify(path)} is no path of a ${kind}`, {
      operand: path,
    });
  }
  const name = basename(path);
  return {
    description: `${kind} ${path}`,
    subsystems: ['block'],
    find: (tree) => readBlockDevice(tree, join(tree.sysDir, 'class/block', name), name),
  };
}

/** A virtio-mmio disk, whose name the host knows: `/dev/vda`. */
export function virtioMmioDisk(path: string): DeviceQuery<BlockDevice> {
  return namedDisk('virtio-mmio disk', /^\/dev\/vd[a-z]+\d*$/, path);
}

/** Persistent memory, whose name the host knows: `/dev/pmem0`. */
export function persistentMemory(path: string): DeviceQuery<BlockDevice> {
  return namedDisk('persistent memory', /^\/dev\/pmem\d+(p\d+)?$/, path);
}
