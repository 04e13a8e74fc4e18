// SPDX-License-Identifier: Apache-2.0
import { optionList } from './option-list.ts';

/** A raw disk image on virtio-blk. */
export interface Disk {
  /** Node name, device serial and, with a prefix, device id. */
  readonly id: string;
  readonly path: string;
  readonly readOnly: boolean;
}

/**
 * Arguments of one disk. A read-only image takes no lock, so any number of VMs share it; a writable one is locked by
 * QEMU against a second writer.
 */
export function diskArguments(
  disk: Disk,
  virtioSuffix: string,
  thread: { readonly iothread?: string },
): string[] {
  const node = `disk-${disk.id}`;
  const backend = optionList('driver=raw', {
    'node-name': node,
    'read-only': disk.readOnly ? 'on' : 'off',
    'file.driver': 'file',
    'file.filename': disk.path,
    'file.locking': disk.readOnly ? 'off' : 'auto',
    'file.aio': 'threads',
  });
  const device = optionList(`virtio-blk-${virtioSuffix}`, {
    id: `virtio-${disk.id}`,
    drive: node,
    serial: disk.id,
    'config-wce': 'off',
    'share-rw': disk.readOnly ? 'on' : undefined,
    ...thread,
  });
  return ['-blockdev', backend, '-device', device];
}
