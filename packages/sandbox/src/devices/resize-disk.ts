// SPDX-License-Identifier: Apache-2.0
import { readFile, stat } from 'node:fs/promises';

import type { DevicePlugging, PluggableDevice } from '@hako/hypervisor';

import { SandboxError } from '../sandbox-error.ts';
import { deviceFailure } from './device-failure.ts';
import { readHostNode, type HostNode } from './host-node.ts';

/** The machine whose disks grow. */
export type ResizingVm = Pick<DevicePlugging, 'pluggedDevices' | 'resizeBlock'>;

/** What sysfs counts sizes of block devices in, whatever their sectors. */
const sectorBytes = 512;

/**
 * Makes a disk of a machine larger: its file is extended, its block device has to be that large. Errors: `invalid_options`
 * for a disk that would shrink, a read-only one and a block device that is too small, `invalid_state` when the machine has no
 * such disk, `device_failed`, `timeout`, `aborted`.
 * @param vm the machine
 * @param path the disk: file or block device
 * @param sizeBytes a multiple of 512
 * @param signal ends the wait
 */
export async function resizeDisk(
  vm: ResizingVm,
  path: string,
  sizeBytes: number,
  signal: AbortSignal,
): Promise<void> {
  const node = await readHostNode('disk', path);
  const disk = await findDisk(vm, node);
  if (disk === undefined)
    throw new SandboxError('invalid_state', `no container of the sandbox has the disk ${path}`);
  if (disk.readOnly) throw new SandboxError('invalid_options', `disk ${path} is read-only in the sandbox`);
  await checkSize(node, sizeBytes);
  try {
    await vm.resizeBlock(disk.id, sizeBytes, { signal });
  } catch (error) {
    throw deviceFailure(path, error);
  }
}

/** Its path in the machine's books may be another name of the same. */
async function findDisk(
  { pluggedDevices }: ResizingVm,
  { path, kind }: HostNode,
): Promise<PluggableDevice<'block'> | undefined> {
  const wanted = await stat(path);
  for (const { device } of pluggedDevices) {
    if (device.kind !== 'block') continue;
    const found = await stat(device.path).catch(() => undefined);
    const isSame =
      kind === 'block'
        ? found?.isBlockDevice() === true && found.rdev === wanted.rdev
        : found?.dev === wanted.dev && found.ino === wanted.ino;
    if (isSame) return device;
  }
  return undefined;
}

async function checkSize({ kind, path, major, minor }: HostNode, sizeBytes: number): Promise<void> {
  const present =
    kind === 'block'
      ? Number(await readFile(`/sys/dev/block/${major}:${minor}/size`, 'utf8')) * sectorBytes
      : (await stat(path)).size;
  if (kind === 'block' ? sizeBytes <= present : sizeBytes >= present) return;
  throw new SandboxError(
    'invalid_options',
    `disk ${path} has ${present} bytes and cannot ${kind === 'block' ? 'give' : 'shrink to'} ${sizeBytes}`,
  );
}
