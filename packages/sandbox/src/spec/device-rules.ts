// SPDX-License-Identifier: Apache-2.0
import type { OciDevice, OciDeviceRule } from '@hako/protocols';

/**
 * Rules that let a container use the devices it names. The agent makes such rules for disks; what no rule allows is denied
 * then, also what every kernel has, such as `/dev/fuse`. Empty when there is no disk and no VFIO device: nothing is denied.
 * @param devices of the specification; the agent replaces the numbers of those that are the host's
 */
export function deviceRules(devices: readonly OciDevice[]): readonly OciDeviceRule[] {
  if (!devices.some(({ type, path }) => type === 'b' || path.startsWith('/dev/vfio/'))) return [];
  return devices.flatMap(({ type, major, minor }) =>
    type === 'p' ? [] : [{ allow: true, type: type === 'b' ? 'b' : 'c', major, minor, access: 'rwm' }],
  );
}
