// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';
import { invoke } from './ffi/invoke.ts';
import { type Libc, systemLibc } from './ffi/libc.ts';

/** MADV_PAGEOUT of <asm-generic/mman-common.h>, Linux 5.4: reclaims pages at once; what is needed is read again. */
const pageOut = 21;

/** A line of proc_pid_maps(5): addresses, permissions, and the file behind an offset, a device and an inode. */
const mapping = /^([\da-f]+)-([\da-f]+) (\S{4}) \S+ \S+ \d+ +(.*)$/;

/**
 * Gives the memory of a file that this process has mapped back to the kernel, such as that of the program it runs: most
 * of it was needed at the start only. Pages that were written to stay. What is touched again comes back from the file.
 *
 * @param path - as in `/proc/self/maps`
 * @returns how many bytes of address space were given back
 * @throws LinuxError `EINVAL` on a kernel before 5.4
 */
export function pageOutFile(path: string, libc: Libc = systemLibc()): number {
  let bytes = 0;
  for (const line of readFileSync('/proc/self/maps', 'utf8').split('\n')) {
    const [, start = '', end = '', permissions = '', file] = mapping.exec(line) ?? [];
    if (file !== path || !permissions.startsWith('r-')) continue;
    const address = BigInt(`0x${start}`);
    const length = BigInt(`0x${end}`) - address;
    invoke(libc, path, 'madvise', address, length, pageOut);
    bytes += Number(length);
  }
  return bytes;
}
