// SPDX-License-Identifier: Apache-2.0
import type { VmConfig } from '@hako/hypervisor';

/**
 * Arguments of the device by which a guest says that its kernel has panicked; it then stands still, with its memory as it
 * is. Nothing else of how a machine ends changes, which upstream's `-no-shutdown` would. Needs QEMU 6.0.
 */
export function panicDeviceArguments({ memoryDump }: VmConfig): string[] {
  return memoryDump === undefined ? [] : ['-device', 'pvpanic', '-action', 'panic=pause'];
}
