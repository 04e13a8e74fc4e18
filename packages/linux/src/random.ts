// SPDX-License-Identifier: Apache-2.0
import { closeSync, openSync, writeSync } from 'node:fs';
import { invoke } from './ffi/invoke.ts';
import { type Libc, systemLibc } from './ffi/libc.ts';

// POWER numbers its requests differently: there the direction has three bits, and "none" is one of them.
const isPower = process.arch === 'ppc64';
const addToEntropyCount = isPower ? 0x80045201 : 0x40045201; // RNDADDTOENTCNT
const reseedGenerator = isPower ? 0x20005207 : 0x5207; // RNDRESEEDCRNG

/**
 * Mixes bytes into the kernel's random pool, credits one bit of entropy for each byte, and reseeds the generator, so
 * that clones of one memory image part ways.
 *
 * @throws LinuxError of ioctl(2), `EPERM` without CAP_SYS_ADMIN; the system error of Node when writing fails.
 */
export function addRandomEntropy(bytes: Uint8Array, libc: Libc = systemLibc()): void {
  const path = '/dev/random';
  const fd = openSync(path, 'w');
  try {
    for (let offset = 0; offset < bytes.length;) offset += writeSync(fd, bytes, offset);
    const creditBits = Int32Array.of(bytes.length);
    invoke(libc, path, 'ioctl', fd, addToEntropyCount, new Uint8Array(creditBits.buffer));
    invoke(libc, path, 'ioctl', fd, reseedGenerator, null);
  } finally {
    closeSync(fd);
  }
}
