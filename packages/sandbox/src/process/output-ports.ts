// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path';

import type { OutputPortAccess } from '@hako/agent-client';
import type { VmConfig } from '@hako/hypervisor';
import { outputPortNames } from '@hako/protocols';

import type { AgentChannel } from '../agent-channel.ts';

/** Who attaches to processes: the sandbox's owner, or somebody else. Each has a port of their own for much output. */
export type OutputPortUser = keyof typeof outputPortNames;

/** Short: all sockets of a sandbox must fit into the address of a unix socket. */
const socketNames = { owner: 'output-0.sock', guest: 'output-1.sock' } as const;

function socketPath(directory: string, user: OutputPortUser): string {
  return join(directory, socketNames[user]);
}

/**
 * The devices over which much output comes. On vsock there are none: everything comes over the agent's connection there.
 * @param channel the road to the agent
 * @param directory the run directory
 */
export function outputPortDevices(channel: AgentChannel, directory: string): VmConfig['devices'] {
  if (channel === 'vsock') return [];
  return (['owner', 'guest'] as const).map((user) => ({
    kind: 'serial-port',
    name: outputPortNames[user],
    socketPath: socketPath(directory, user),
  }));
}

/**
 * The way to one of these ports.
 * @param directory the run directory
 * @param user who asks
 */
export function outputPort(directory: string, user: OutputPortUser): OutputPortAccess {
  return {
    name: outputPortNames[user],
    async open(signal) {
      // Loaded on use: little output does not need it.
      const { dial } = await import('@hako/ttrpc');
      return dial({ scheme: 'serial', path: socketPath(directory, user) }, { signal });
    },
  };
}
