// SPDX-License-Identifier: Apache-2.0
import type { VmConfig } from '@hako/hypervisor';
import { optionList } from './option-list.ts';

/** Id of the object behind a machine's memory, if other processes may map it. */
export const memoryBackendId = 'memory0';

/** Places for memory modules; upstream's default. */
const slotCount = 10;

/** Arguments of the memory. Places for more cost the guest time at boot and are there only if more can come. */
export function memoryArguments({
  memoryMib,
  maximumMemoryMib = memoryMib,
  sharedMemory,
}: VmConfig): string[] {
  const size = `${memoryMib}M`;
  const room = maximumMemoryMib > memoryMib ? { slots: slotCount, maxmem: `${maximumMemoryMib}M` } : {};
  const memory = ['-m', optionList(size, room)];
  if (!sharedMemory) return memory;
  const backend = optionList('memory-backend-memfd', { id: memoryBackendId, size, share: 'on' });
  return [...memory, '-object', backend];
}
