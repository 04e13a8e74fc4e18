// SPDX-License-Identifier: Apache-2.0
import type { VmConfig } from '@hako/hypervisor';
import { optionList } from './option-list.ts';

/** Id of the object behind a machine's memory, if there is one. */
export const memoryBackendId = 'memory0';

/** Places for memory modules; upstream's default. */
const usualSlots = 10;

/** Whether QEMU is told of what the memory is made; its own choice is nameless and belongs to it alone. */
export function hasMemoryBackend({ sharedMemory, tuning = {} }: VmConfig): boolean {
  const { hugePages = false, preallocateMemory = false, memoryDirectory } = tuning;
  return sharedMemory || hugePages || preallocateMemory || memoryDirectory !== undefined;
}

/** Whether a machine's memory is a file that can be read and written beside it, which snapshots need. */
export function hasOpenMemory({ sharedMemory, tuning = {} }: VmConfig): boolean {
  return sharedMemory && tuning.hugePages !== true && tuning.memoryDirectory === undefined;
}

/** Arguments of the memory. Places for more cost the guest time at boot and are there only if more can come. */
export function memoryArguments(config: VmConfig, persistentMib = 0): string[] {
  const { memoryMib, maximumMemoryMib = memoryMib, memorySlots = usualSlots } = config;
  const size = `${memoryMib}M`;
  const growsMib = maximumMemoryMib - memoryMib + persistentMib;
  const slots = maximumMemoryMib > memoryMib ? memorySlots + (persistentMib > 0 ? 1 : 0) : 1;
  const room = growsMib > 0 ? { slots, maxmem: `${memoryMib + growsMib}M` } : {};
  const memory = ['-m', optionList(size, room)];
  return hasMemoryBackend(config) ? [...memory, '-object', backend(config, size)] : memory;
}

function backend({ sharedMemory, tuning = {} }: VmConfig, size: string): string {
  const { hugePages = false, preallocateMemory = false, memoryDirectory } = tuning;
  const kind = memoryDirectory !== undefined ? 'file' : sharedMemory || hugePages ? 'memfd' : 'ram';
  return optionList(`memory-backend-${kind}`, {
    id: memoryBackendId,
    size,
    'mem-path': memoryDirectory,
    hugetlb: hugePages ? 'on' : undefined,
    // A memfd is shared by default, a file is not.
    share: sharedMemory ? 'on' : kind === 'ram' ? undefined : 'off',
    prealloc: preallocateMemory ? 'on' : undefined,
  });
}
