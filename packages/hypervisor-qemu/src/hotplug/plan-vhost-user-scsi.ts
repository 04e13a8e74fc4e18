// SPDX-License-Identifier: Apache-2.0
import { planVhostUserDisk } from './plan-vhost-user-disk.ts';
import type { Planner } from './plug-plan.ts';

/** A SCSI controller served by another process. */
export const planVhostUserScsi: Planner<'vhost-user-scsi'> = (device, context) =>
  planVhostUserDisk('vhost-user-scsi-pci', device, context);
