// SPDX-License-Identifier: Apache-2.0

/** What the probe guest writes to the debug-exit port. */
const proofValue = 0x2a;

/** Exit status of QEMU when the probe guest has run: `isa-debug-exit` ends QEMU with `(value << 1) | 1`. */
export const probeExitStatus = (proofValue << 1) | 1;

/** I/O port of the `isa-debug-exit` device of the probe. */
export const probeExitPort = 0xf4;

/** Firmware of this size ends at 4 GiB and shows once more below 1 MiB, at {@link lowAlias}. */
const firmwareBytes = 64 * 1024;
const lowAlias = 0xf_0000;
const resetVector = 0xfff0;

/**
 * The probe guest: from the reset vector through protected mode and paging into long mode, where a 64-bit instruction
 * makes the value that proves it. Each of these steps has been seen to fail under a half-working KVM, while plain
 * 16-bit code ran.
 */
const code: readonly (readonly number[])[] = [
  // 16-bit, at F000:0000
  [0xfa], //                                             00  cli
  [0x2e, 0x66, 0x0f, 0x01, 0x16, 0xa0, 0x00], //         01  lgdtl %cs:0x00a0
  [0x0f, 0x20, 0xc0], //                                 08  mov %cr0, %eax
  [0x0c, 0x01], //                                       0b  or $0x01, %al         protection on
  [0x0f, 0x22, 0xc0], //                                 0d  mov %eax, %cr0
  [0x66, 0xea, 0x18, 0x00, 0x0f, 0x00, 0x08, 0x00], //   10  ljmpl $0x08, $0xf0018
  // 32-bit
  [0x66, 0xb8, 0x10, 0x00], //                           18  mov $0x10, %ax
  [0x8e, 0xd8], //                                       1c  mov %ax, %ds
  [0xc7, 0x05, 0, 0x10, 0, 0, 0x03, 0x20, 0, 0], //      1e  movl $0x2003, 0x1000   PML4[0] -> 0x2000
  [0xc7, 0x05, 0, 0x20, 0, 0, 0x03, 0x30, 0, 0], //      28  movl $0x3003, 0x2000   PDPT[0] -> 0x3000
  [0xc7, 0x05, 0, 0x30, 0, 0, 0x83, 0x00, 0, 0], //      32  movl $0x0083, 0x3000   PD[0]: first 2 MiB as they are
  [0x0f, 0x20, 0xe0], //                                 3c  mov %cr4, %eax
  [0x83, 0xc8, 0x20], //                                 3f  or $0x20, %eax         PAE
  [0x0f, 0x22, 0xe0], //                                 42  mov %eax, %cr4
  [0xb8, 0x00, 0x10, 0x00, 0x00], //                     45  mov $0x1000, %eax
  [0x0f, 0x22, 0xd8], //                                 4a  mov %eax, %cr3
  [0xb9, 0x80, 0x00, 0x00, 0xc0], //                     4d  mov $0xc0000080, %ecx  EFER
  [0x0f, 0x32], //                                       52  rdmsr
  [0x0d, 0x00, 0x01, 0x00, 0x00], //                     54  or $0x100, %eax        long mode enable
  [0x0f, 0x30], //                                       59  wrmsr
  [0x0f, 0x20, 0xc0], //                                 5b  mov %cr0, %eax
  [0x0d, 0x00, 0x00, 0x00, 0x80], //                     5e  or $0x80000000, %eax   paging on
  [0x0f, 0x22, 0xc0], //                                 63  mov %eax, %cr0
  [0xea, 0x6d, 0x00, 0x0f, 0x00, 0x18, 0x00], //         66  ljmp $0x18, $0xf006d
  // 64-bit
  [0x48, 0xb8, 0, 0, 0, 0, proofValue, 0, 0, 0], //      6d  movabs $proof << 32, %rax
  [0x48, 0xc1, 0xe8, 0x20], //                           77  shr $32, %rax
  [0xe6, probeExitPort], //                              7b  out %al, $port         ends QEMU
  [0xf4], //                                             7d  hlt
  [0xeb, 0xfd], //                                       7e  jmp 7d
  // 80: global descriptor table; marked as accessed, for a CPU that marks them would write to the firmware
  [0, 0, 0, 0, 0, 0, 0, 0], //                           80  00: null
  [0xff, 0xff, 0, 0, 0, 0x9b, 0xcf, 0], //               88  08: code, 32-bit, 4 GiB
  [0xff, 0xff, 0, 0, 0, 0x93, 0xcf, 0], //               90  10: data, 4 GiB
  [0xff, 0xff, 0, 0, 0, 0x9b, 0xaf, 0], //               98  18: code, 64-bit
  [0x1f, 0x00, 0x80, 0x00, lowAlias >> 16, 0x00], //     a0  limit and address of the table
];

/** ljmp $0xf000, $0x0000: from the reset vector to the low alias of {@link code}. */
const entry = [0xea, 0x00, 0x00, 0x00, 0xf0];

/** The probe guest as a firmware image for `-bios`; no other firmware, disk or kernel takes part. */
export function buildProbeFirmware(): Uint8Array {
  const hlt = 0xf4;
  const image = new Uint8Array(firmwareBytes).fill(hlt);
  image.set(code.flat(), 0);
  image.set(entry, resetVector);
  return image;
}
