// SPDX-License-Identifier: Apache-2.0
import { planVhostUserDisk } from './plan-vhost-user-disk.ts';
import type { Planner } from './plug-plan.ts';

/** A disk served by another process. */
export const planVhostUserBlk: Planner<'vhost-user-blk'> = (device, context) =>
  planVhostUserDisk('vhost-user-blk-pci', device, context);
