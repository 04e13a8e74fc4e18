// SPDX-License-Identifier: Apache-2.0

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
  /** What it never exceeds. */
  readonly maximum: MachineSize;
}

/**
 * Tells whether a machine can become larger than it boots.
 * @param bounds the machine's
 */
export function canGrow({ boot, maximum }: MachineBounds): boolean {
  return maximum.vcpus > boot.vcpus || maximum.memoryMib > boot.memoryMib;
}
