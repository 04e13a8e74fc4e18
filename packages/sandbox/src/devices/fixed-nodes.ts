// SPDX-License-Identifier: Apache-2.0

/** Numbers of character devices. */
export interface CharacterNumbers {
  readonly major: number;
  readonly minor: number;
}

const memoryMajor = 1;
const terminalMajor = 5;
const miscMajor = 10;
const pseudoTerminalMajor = 136;
/** Minors from 128 to 254 are given out for good, the others as drivers come. Source: include/linux/miscdevice.h. */
const firstFixedMisc = 128;
const lastFixedMisc = 254;

/**
 * Whether a character device is the same thing in every kernel (`/dev/null`, `/dev/tty`, `/dev/fuse`): a container gets the
 * guest's. Source: admin-guide/devices.txt of the kernel.
 */
export function isFixedNode({ major, minor }: CharacterNumbers): boolean {
  if (major === miscMajor) return minor >= firstFixedMisc && minor <= lastFixedMisc;
  return major === memoryMajor || major === terminalMajor || major === pseudoTerminalMajor;
}
