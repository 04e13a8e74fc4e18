// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path';
import { type DeviceNumber, readDeviceNumber } from './device-number.ts';
import type { DeviceTree } from './device-query.ts';
import { exists, namesIn } from './sysfs.ts';

/** A disk of the guest that can be used. */
export interface BlockDevice extends DeviceNumber {
  /** Its node: `/dev/vdb`. */
  readonly path: string;
}

/**
 * A disk by its directory in sysfs. The kernel makes that directory before the node, so both must be there.
 *
 * @param dir - ends in the name of the disk
 */
export async function readBlockDevice(
  tree: DeviceTree,
  dir: string,
  name: string,
): Promise<BlockDevice | undefined> {
  const number = await readDeviceNumber(dir);
  // The kernel writes a slash in a name as an exclamation mark there.
  const path = join(tree.devDir, name.replaceAll('!', '/'));
  return number !== undefined && (await exists(path)) ? { path, ...number } : undefined;
}

/** The disk of a device that has one: `<device>/block/<name>`. */
export async function blockDeviceOf(tree: DeviceTree, deviceDir: string): Promise<BlockDevice | undefined> {
  const [name] = await namesIn(join(deviceDir, 'block'));
  return name === undefined ? undefined : await readBlockDevice(tree, join(deviceDir, 'block', name), name);
}
