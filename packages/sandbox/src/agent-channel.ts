// SPDX-License-Identifier: Apache-2.0
import { constants } from 'node:fs';

import { agentPortName } from '@hako/protocols';

import { canAccess } from './can-access.ts';

/** A road to the agent that has been decided on. */
export type AgentChannel = 'vsock' | 'virtio-serial';

/** The device through which QEMU offers vsock to a guest. */
const vhostVsock = '/dev/vhost-vsock';

/**
 * Decides how the agent is reached: hypervisor and guest have to be told the same.
 * @param wanted the caller's choice; `auto` takes vsock where the host offers it
 * @param device the device that vsock needs
 */
export async function chooseAgentChannel(
  wanted: AgentChannel | 'auto',
  device: string = vhostVsock,
): Promise<AgentChannel> {
  if (wanted !== 'auto') return wanted;
  return (await canAccess(device, constants.R_OK | constants.W_OK)) ? 'vsock' : 'virtio-serial';
}

/**
 * What the guest's agent has to be told by kernel parameters; vsock is what it expects anyway.
 * @param channel the road
 */
export function agentChannelParameters(channel: AgentChannel): readonly string[] {
  return channel === 'vsock' ? [] : [`agent.server_addr=serial://${agentPortName}`];
}
