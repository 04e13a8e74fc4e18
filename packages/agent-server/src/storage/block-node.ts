// SPDX-License-Identifier: Apache-2.0
import { closeSync, fstatSync, readlinkSync } from 'node:fs';
import { AgentError } from '../errors/agent-error.ts';
import { pathBelow } from '../paths/path-below.ts';
import type { GuestSystem } from '../system/guest-system.ts';

const devDir = '/dev';
const pathOnly = 0o10000000; // O_PATH, which Node does not name

/**
 * A disk that the host names by its node, or by a link of `/dev` that leads to it.
 *
 * @returns the node itself
 * @throws AgentError `path_refused` for a path outside `/dev`, `device_failed` when there is no block device
 */
export function resolveBlockNode(system: GuestSystem, path: string): string {
  const below = pathBelow(devDir, path);
  try {
    using dev = system.openRoot(devDir);
    const fd = dev.open(below, { flags: pathOnly });
    try {
      if (fstatSync(fd).isBlockDevice()) return readlinkSync(`/proc/self/fd/${fd}`);
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    throw new AgentError('device_failed', `${path} cannot be opened`, { operand: path, cause: error });
  }
  throw new AgentError('device_failed', `${path} is not a block device`, { operand: path });
}
