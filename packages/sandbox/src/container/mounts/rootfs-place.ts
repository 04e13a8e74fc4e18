// SPDX-License-Identifier: Apache-2.0
import { guestRootfsPath } from '@hako/protocols';

/** Where a container's root file system lies in the share. */
export function rootfsShareName(containerId: string): string {
  return `${containerId}/rootfs`;
}

/** That place as the guest names it. */
export const sharedRootfsPath: (containerId: string) => string = guestRootfsPath;
