// SPDX-License-Identifier: Apache-2.0
import type { VirtioFsDevice } from '@hako/hypervisor';
import { optionList } from './option-list.ts';

/** Upstream's queue size for shared directories. */
const queueSize = 1024;

/** Arguments of one shared directory; QEMU connects to the virtiofsd that listens on the socket. */
export function virtioFsArguments(device: VirtioFsDevice, index: number, virtioSuffix: string): string[] {
  const chardev = `fs${index}`;
  return [
    '-chardev',
    optionList('socket', { id: chardev, path: device.socketPath }),
    '-device',
    optionList(`vhost-user-fs-${virtioSuffix}`, { chardev, tag: device.tag, 'queue-size': queueSize }),
  ];
}
