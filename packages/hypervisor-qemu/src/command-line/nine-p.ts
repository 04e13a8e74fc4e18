// SPDX-License-Identifier: Apache-2.0
import type { ExportedDirectory, NinePDevice } from '@hako/hypervisor';
import { optionList } from './option-list.ts';

/** QEMU's name of an exported directory. */
export function fsdevId(exportId: string): string {
  return `export-${exportId}`;
}

/**
 * Arguments of a directory that devices can export. Files have the owner and the mode that the guest gives them, as
 * upstream has it (`security_model=none`: without it a guest's chown would be kept in extended attributes). Several file
 * systems below the directory keep their files apart (`multidevs=remap`).
 */
export function exportedDirectoryArguments({ id, path }: ExportedDirectory): string[] {
  const options = { id: fsdevId(id), path, security_model: 'none', multidevs: 'remap' };
  return ['-fsdev', optionList('local', options)];
}

/** Arguments of the device by which the guest mounts an exported directory. */
export function ninePArguments({ tag, exportId }: NinePDevice, virtioSuffix: string): string[] {
  return ['-device', optionList(`virtio-9p-${virtioSuffix}`, { fsdev: fsdevId(exportId), mount_tag: tag })];
}
