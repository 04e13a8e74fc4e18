// SPDX-License-Identifier: Apache-2.0
import type { DeviceInfo } from '@hako/device-manager';
import type { OciDevice } from '@hako/protocols';

import { SandboxError } from '../sandbox-error.ts';
import { checkCharacterDevice, isVfio } from './check-disk.ts';
import type { DeviceSettings } from './device-options.ts';
import type { DevicePlan, PlannedNode } from './device-plan.ts';
import { refuseMounted } from './mounted-on-host.ts';

/** Major numbers of CD-ROM and floppy drives: removable, and never plugged. Source: admin-guide/devices.txt of the kernel. */
const removableMajors = new Set([2, 11, 15, 16, 17, 18, 20, 23, 24, 25, 26, 27, 28, 29]);

/**
 * Sorts the devices of a bundle: disks and VFIO devices are plugged, what every kernel has is the guest's. Error:
 * `invalid_options` for a character device that only the host's kernel has.
 * @param devices `linux.devices` of the specification
 * @param settings the sandbox's
 */
export async function planBundleDevices(
  devices: readonly OciDevice[],
  settings: Pick<DeviceSettings, 'vfioPort'>,
): Promise<Pick<DevicePlan, 'nodes' | 'fixedNodes'>> {
  const nodes: PlannedNode[] = [];
  const fixedNodes: OciDevice[] = [];
  for (const node of devices) {
    const { path: containerPath, type } = node;
    const [major, minor] = [Number(node.major ?? -1), Number(node.minor ?? -1)];
    switch (type) {
      case 'p':
        fixedNodes.push(node);
        break;
      case 'b':
        if (removableMajors.has(major)) {
          fixedNodes.push(node);
          break;
        }
        await refuseMounted({ kind: 'block', path: containerPath, major, minor });
        nodes.push({ info: { containerPath, type, major, minor }, node });
        break;
      case 'c':
      case 'u':
        if (isVfio(containerPath)) {
          nodes.push({ info: vfioInfo({ containerPath, major, minor }, settings), node });
          break;
        }
        checkCharacterDevice(containerPath, { major, minor });
        fixedNodes.push(node);
        break;
      default:
        throw new SandboxError(
          'invalid_options',
          `device ${containerPath} of the bundle has type ${JSON.stringify(type)}`,
          { remedy: 'use b, c, u or p' },
        );
    }
  }
  return { nodes, fixedNodes };
}

/**
 * Describes a device behind VFIO.
 * @param numbers of the group, or of the device itself with iommufd
 * @param settings the sandbox's
 */
export function vfioInfo(
  numbers: Pick<DeviceInfo, 'containerPath' | 'major' | 'minor'>,
  { vfioPort: port = 'bridge-port' }: Pick<DeviceSettings, 'vfioPort'>,
): DeviceInfo {
  return { ...numbers, type: 'c', port };
}
