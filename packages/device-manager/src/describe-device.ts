// SPDX-License-Identifier: Apache-2.0
import { describeBlock } from './kinds/block.ts';
import type { KindContext } from './kinds/kind-context.ts';
import { describeVfio } from './kinds/vfio.ts';
import { describeVhostUser } from './kinds/vhost-user-appended.ts';
import { describeVhostUserBlk } from './kinds/vhost-user-blk.ts';
import type { ManagedDevice } from './managed-device.ts';
import type { PluggableDevice } from './pluggable-device.ts';

/** Tells what to plug for a device, taking indexes and ports; nothing for generic devices, which are only counted. */
export async function describeDevice(
  device: ManagedDevice,
  context: KindContext,
): Promise<PluggableDevice[]> {
  const { id, origin } = device;
  if (origin.type === 'vhost-user') return [describeVhostUser(id, origin.attributes)];
  const record = { id, info: origin.info, hostPath: origin.hostPath };
  switch (device.kind) {
    case 'block':
      return [describeBlock(record, context)];
    case 'vhost-user-blk':
      return [describeVhostUserBlk(record, context)];
    case 'vfio':
      return await describeVfio(record, context);
    case 'generic':
    case 'vhost-user-scsi':
    case 'vhost-user-net':
    case 'vhost-user-fs':
      return [];
  }
}
