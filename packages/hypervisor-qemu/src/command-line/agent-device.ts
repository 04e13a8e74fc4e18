// SPDX-License-Identifier: Apache-2.0
import type { AgentRoad } from './launch-plan.ts';
import { listeningSocket } from './listening-socket.ts';
import { optionList } from './option-list.ts';

/** The port's name in QEMU's events; only a device with an id has them. */
export const agentPortId = 'agent-port';

/** Id of the device that the agent's port belongs to. */
const serialDeviceId = 'serial0';

/** Bus of the agent's port, which takes other ports too; undefined when the agent has none. */
export function agentSerialBus(road: AgentRoad): string | undefined {
  return road.kind === 'virtio-serial' ? `${serialDeviceId}.0` : undefined;
}

/**
 * Arguments of the device through which the agent is reached.
 *
 * @param otherPorts - how many ports follow on its bus
 */
export function agentDeviceArguments(
  road: AgentRoad,
  portName: string,
  virtioSuffix: string,
  otherPorts: number,
): string[] {
  switch (road.kind) {
    case 'vsock':
      return ['-device', optionList(`vhost-vsock-${virtioSuffix}`, { id: 'vsock0', 'guest-cid': road.cid })];
    case 'virtio-serial':
      return [
        '-chardev',
        listeningSocket('agent', road.socketPath),
        '-device',
        optionList(`virtio-serial-${virtioSuffix}`, { id: serialDeviceId, max_ports: 2 + otherPorts }),
        '-device',
        optionList('virtserialport', {
          id: agentPortId,
          bus: `${serialDeviceId}.0`,
          chardev: 'agent',
          name: portName,
        }),
      ];
    default:
      return road satisfies never;
  }
}
