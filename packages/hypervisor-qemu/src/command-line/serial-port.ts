// SPDX-License-Identifier: Apache-2.0
import type { SerialPortDevice } from '@hako/hypervisor';
import { optionList } from './option-list.ts';

/** Arguments of one virtio-serial port, on a bus of its own: the agent may be on vsock and have none. */
export function serialPortArguments(port: SerialPortDevice, index: number, virtioSuffix: string): string[] {
  const chardev = `serial-port-${index}`;
  const bus = `serial-bus-${index}`;
  return [
    '-chardev',
    optionList('socket', { id: chardev, path: port.socketPath, server: 'on', wait: 'off' }),
    '-device',
    optionList(`virtio-serial-${virtioSuffix}`, { id: bus, max_ports: 2 }),
    '-device',
    optionList('virtserialport', { bus: `${bus}.0`, chardev, name: port.name }),
  ];
}
