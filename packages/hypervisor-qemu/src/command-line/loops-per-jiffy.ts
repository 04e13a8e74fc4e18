// SPDX-License-Identifier: Apache-2.0

/** Timer ticks per second of Debian's kernels; one with more ticks merely waits longer than asked in its delay loops. */
const guestTicksPerSecond = 250;

/**
 * The guest kernel's delay-loop value, from the text of the host's `/proc/cpuinfo`: an emulated x86 CPU counts time
 * with the host's own counter. BogoMIPS is loops per jiffy × ticks per second ÷ 500,000. `undefined` where the host
 * does not say.
 */
export function loopsPerJiffyFromCpuInfo(cpuInfo: string): number | undefined {
  const bogoMips = Number(/^bogomips\s*:\s*([\d.]+)$/m.exec(cpuInfo)?.[1]);
  return bogoMips > 0 ? Math.round((bogoMips * 500_000) / guestTicksPerSecond) : undefined;
}
