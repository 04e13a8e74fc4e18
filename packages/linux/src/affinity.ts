// SPDX-License-Identifier: Apache-2.0
import { invoke } from './ffi/invoke.ts';
import { type Libc, systemLibc } from './ffi/libc.ts';

const bitsPerByte = 8;
/** As many CPUs as a kernel can be built for (`NR_CPUS` of x86-64); it does not look at the bits of others. */
const mostCpus = 8192;

/**
 * sched_setaffinity(2): has a thread, of this process or another one, run on the given CPUs alone.
 *
 * @param threadId - as gettid(2) numbers it; 0 is the caller's own
 * @param cpus - at least one that the thread may use; others are left out by the kernel
 * @throws LinuxError `EINVAL` (it may use none of them), `ESRCH` (it has ended), `EPERM` (it is another user's)
 */
export function setAffinity(threadId: number, cpus: readonly number[], libc: Libc = systemLibc()): void {
  const mask = new Uint8Array(mostCpus / bitsPerByte);
  for (const cpu of cpus) {
    const byte = Math.floor(cpu / bitsPerByte);
    // Beyond the end nothing is written.
    mask[byte] = (mask[byte] ?? 0) | (1 << (cpu % bitsPerByte));
  }
  invoke(libc, `thread ${threadId}`, 'schedSetaffinity', threadId, mask.length, mask);
}
