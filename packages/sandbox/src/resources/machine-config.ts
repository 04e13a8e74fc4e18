// SPDX-License-Identifier: Apache-2.0
import type { VmConfig } from '@hako/hypervisor';

import type { SandboxConfig } from '../sandbox-options.ts';
import type { GrowingRoomParts, OpenRoom } from './growing-room.ts';
import { canGrow } from './machine-size.ts';
import type { CheckedSizing } from './sizing-options.ts';

/** The part of a machine's configuration that says how large it is. */
type VmSize = Pick<
  VmConfig,
  'vcpus' | 'maximumVcpus' | 'memoryMib' | 'maximumMemoryMib' | 'memorySlots' | 'numaNodes'
>;

/**
 * Sizes a machine. Places for more cost the guest time at boot and make it another template: there are only as many as
 * were asked for.
 * @param config the sandbox's
 */
export function machineSize({ numa, sizing, options: { memorySlots } }: SandboxConfig): VmSize {
  const { boot, maximum } = sizing.bounds;
  return {
    ...boot,
    ...(maximum.vcpus > boot.vcpus ? { maximumVcpus: maximum.vcpus } : {}),
    ...(maximum.memoryMib > boot.memoryMib ? { maximumMemoryMib: maximum.memoryMib } : {}),
    ...(memorySlots === undefined ? {} : { memorySlots }),
    ...(numa && { numaNodes: numa }),
  };
}

/**
 * Words for the kernel of a guest whose memory can grow: it uses new memory at once, and so that it can be given back as
 * far as there is ordinary memory to go with it (admin-guide/mm/memory-hotplug.rst).
 * @param sizing how large the machine may become
 */
export function growthKernelWords({ bounds: { boot, maximum } }: CheckedSizing): readonly string[] {
  return maximum.memoryMib > boot.memoryMib
    ? ['memhp_default_state=online', 'memory_hotplug.online_policy=auto-movable']
    : [];
}

/**
 * Prepares the room of a machine that gets more for its containers; nothing for one that stays as it is.
 * @param config the sandbox's
 * @param parts its machine
 */
export async function prepareRoom(
  { sizing }: SandboxConfig,
  parts: Omit<GrowingRoomParts, 'sizing' | 'swap'>,
): Promise<{ openRoom?: OpenRoom }> {
  if (!canGrow(sizing.bounds) && !sizing.guestSwap) return {};
  const { growingRoom } = await import('./growing-room.ts');
  if (!sizing.guestSwap) return { openRoom: growingRoom({ ...parts, sizing }) };
  const { SwapDisks } = await import('./swap/swap-disks.ts');
  return { openRoom: growingRoom({ ...parts, sizing, swap: new SwapDisks(parts) }) };
}
