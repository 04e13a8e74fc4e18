// SPDX-License-Identifier: Apache-2.0
import type { PluggableDevice, WaitOptions } from '@hako/hypervisor';
import { planBlock } from './plan-block.ts';
import { planMemory } from './plan-memory.ts';
import { planNetwork } from './plan-network.ts';
import { planNineP } from './plan-nine-p.ts';
import { planVcpus } from './plan-vcpus.ts';
import { planVfio } from './plan-vfio.ts';
import { planVhostUserBlk } from './plan-vhost-user-blk.ts';
import { planVhostUserScsi } from './plan-vhost-user-scsi.ts';
import { planVirtioFs } from './plan-virtio-fs.ts';
import { planVirtioMem } from './plan-virtio-mem.ts';
import type { PlanContext, PlugPlan } from './plug-plan.ts';

/**
 * Decides how a device is plugged.
 *
 * @throws HypervisorError `invalid_device` | `no_free_slot` | `unsupported`
 */
export async function planDevice(
  device: PluggableDevice,
  context: PlanContext,
  options: WaitOptions,
): Promise<PlugPlan> {
  switch (device.kind) {
    case 'block':
      return await planBlock(device, context, options);
    case 'network':
      return await planNetwork(device, context, options);
    case 'virtio-fs':
      return await planVirtioFs(device, context, options);
    case '9p':
      return await planNineP(device, context, options);
    case 'vhost-user-blk':
      return await planVhostUserBlk(device, context, options);
    case 'vhost-user-scsi':
      return await planVhostUserScsi(device, context, options);
    case 'vfio':
      return await planVfio(device, context, options);
    case 'vcpus':
      return await planVcpus(device, context, options);
    case 'memory':
      return await planMemory(device, context, options);
    case 'virtio-mem':
      return await planVirtioMem(device, context, options);
    default:
      return device satisfies never;
  }
}
