// SPDX-License-Identifier: Apache-2.0
import type { SerialPortDevice } from '@hako/hypervisor';
import { listeningSocket } from './listening-socket.ts';
import { optionList } from './option-list.ts';

/**
 * Arguments of one virtio-serial port.
 *
 * @param sharedBus - the bus it goes on; default: one of its own
 */
export function serialPortArguments(
  port: SerialPortDevice,
  index: number,
  virtioSuffix: string,
  sharedBus?: string,
): string[] {
  const chardev = `serial-port-${index}`;
  const ownBus = `serial-bus-${index}`;
  return [
    '-chardev',
    listeningSocket(chardev, port.socketPath),
    ...(sharedBus === undefined
      ? ['-device', optionList(`virtio-serial-${virtioSuffix}`, { id: ownBus, max_ports: 2 })]
      : []),
    '-device',
    optionList('virtserialport', { bus: sharedBus ?? `${ownBus}.0`, chardev, name: port.name }),
  ];
}
