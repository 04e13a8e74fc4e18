// SPDX-License-Identifier: Apache-2.0
import type { VmConfig } from '@hako/hypervisor';
import { optionList } from './option-list.ts';

/** Bytes of a MiB. */
export const mebibyte = 1024 * 1024;

/** Id of the object behind a machine's memory, if there is one. */
export const memoryBackendId = 'memory0';

/** Places for memory modules; upstream's default. */
const usualSlots = 10;

/** Whether QEMU is told of what all the memory is made; its own choice is nameless and belongs to it alone. */
export function hasMemoryBackend({ numaNodes, sharedMemory, tuning = {} }: VmConfig): boolean {
  if (numaNodes !== undefined) return false;
  const { hugePages = false, preallocateMemory = false, memoryDirectory } = tuning;
  return sharedMemory || hugePages || preallocateMemory || memoryDirectory !== undefined;
}

/**
 * Why a machine's memory is not a file that can be read and written beside it, which snapshots need. `undefined` if it is
 * one.
 */
export function closedMemoryReason({ numaNodes, sharedMemory, tuning = {} }: VmConfig): string | undefined {
  if (numaNodes !== undefined) return 'its memory belongs to nodes of the host';
  if (!sharedMemory) return 'its memory is not shared';
  if (tuning.hugePages === true) return 'its memory is made of huge pages';
  return tuning.memoryDirectory === undefined ? undefined : 'its memory is a file in a directory of its own';
}

/** Arguments of the memory. Places for more cost the guest time at boot and are there only if more can come. */
export function memoryArguments(config: VmConfig, persistentMib = 0): string[] {
  const { memoryMib, maximumMemoryMib = memoryMib, memorySlots = usualSlots } = config;
  const size = `${memoryMib}M`;
  const growsMib = maximumMemoryMib - memoryMib + persistentMib;
  const slots = maximumMemoryMib > memoryMib ? memorySlots + (persistentMib > 0 ? 1 : 0) : 1;
  const room = growsMib > 0 ? { slots, maxmem: `${memoryMib + growsMib}M` } : {};
  const memory = ['-m', optionList(size, room)];
  if (!hasMemoryBackend(config)) return memory;
  return [...memory, '-object', memoryObject(config, memoryBackendId, memoryMib)];
}

/** {@link memoryBackend} in the words of the command line. */
export function memoryObject(config: VmConfig, id: string, sizeMib: number): string {
  const { 'qom-type': kind, ...options } = memoryBackend(config, id, sizeMib);
  return optionList(kind, { ...options, size: `${sizeMib}M` });
}

/**
 * The object of which a machine's memory is made, in the words of the monitor's `object-add`; what is plugged later is made
 * of the like.
 */
export function memoryBackend({ sharedMemory: share, tuning = {} }: VmConfig, id: string, sizeMib: number) {
  const { hugePages = false, preallocateMemory = false, memoryDirectory } = tuning;
  const size = sizeMib * mebibyte;
  const prealloc = preallocateMemory && { prealloc: true };
  if (memoryDirectory !== undefined) {
    const file = { 'qom-type': 'memory-backend-file', id, size, 'mem-path': memoryDirectory } as const;
    return { ...file, share, ...prealloc };
  }
  if (share || hugePages) {
    const memfd = { 'qom-type': 'memory-backend-memfd', id, size } as const;
    // A memfd is shared by default, a file is not.
    return { ...memfd, ...(hugePages && { hugetlb: true }), share, ...prealloc };
  }
  return { 'qom-type': 'memory-backend-ram', id, size, ...prealloc } as const;
}
