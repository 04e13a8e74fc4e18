// SPDX-License-Identifier: Apache-2.0

/** What units of limits, bytes, and of machines, MiB, have to do with each other. */
export const bytesPerMib = 1024 * 1024;

/** Guests take memory in whole blocks of so many MiB, at least: the block of Linux on x86-64. */
export const memoryBlockMib = 128;

/** How large a machine is. */
export interface MachineSize {
  readonly vcpus: number;
  readonly memoryMib: number;
}

/** How large a machine is at its boot and may become. */
export interface MachineBounds {
  /** What the guest itself is given; what containers are promised comes on top. */
  readonly base: MachineSize;
  /** What it boots with. */
  readonly boot: MachineSize;
  /** What it never exceeds; whole blocks of memory more than it boots with. */
  readonly maximum: MachineSize;
}

/**
 * Tells whether a machine can become larger than it boots.
 * @param bounds the machine's
 */
export function canGrow({ boot, maximum }: MachineBounds): boolean {
  return maximum.vcpus > boot.vcpus || maximum.memoryMib > boot.memoryMib;
}
