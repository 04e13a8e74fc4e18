// SPDX-License-Identifier: Apache-2.0
import type { VmConfig } from '@hako/hypervisor';

/** Id of the thread that serves disks. */
export const diskThreadId = 'disk-thread';

/** Arguments of the thread for disks. */
export function diskThreadArguments({ tuning = {} }: VmConfig): string[] {
  return tuning.diskThread === true ? ['-object', `iothread,id=${diskThreadId}`] : [];
}

/** The property by which a virtio-blk disk is served by that thread. */
export function diskThreadProperty({ tuning = {} }: VmConfig): { readonly iothread?: string } {
  return tuning.diskThread === true ? { iothread: diskThreadId } : {};
}
