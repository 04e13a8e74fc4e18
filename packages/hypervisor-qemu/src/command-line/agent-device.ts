// SPDX-License-Identifier: Apache-2.0
import type { AgentRoad } from './launch-plan.ts';
import { optionList } from './option-list.ts';

/** The port's name in QEMU's events; only a device with an id has them. */
export const agentPortId = 'agent-port';

/** Arguments of the device through which the agent is reached. */
export function agentDeviceArguments(road: AgentRoad, portName: string, virtioSuffix: string): string[] {
  switch (road.kind) {
    case 'vsock':
      return ['-device', optionList(`vhost-vsock-${virtioSuffix}`, { id: 'vsock0', 'guest-cid': road.cid })];
    case 'virtio-serial':
      return [
        '-chardev',
        optionList('socket', { id: 'agent', path: road.socketPath, server: 'on', wait: 'off' }),
        '-device',
        optionList(`virtio-serial-${virtioSuffix}`, { id: 'serial0', max_ports: 2 }),
        '-device',
        optionList('virtserialport', { id: agentPortId, bus: 'serial0.0', chardev: 'agent', name: portName }),
      ];
    default:
      return road satisfies never;
  }
}
