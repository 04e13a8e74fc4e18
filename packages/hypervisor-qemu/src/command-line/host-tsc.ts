// SPDX-License-Identifier: Apache-2.0

/**
 * Frequency of the host's time stamp counter in kHz, from the text of `/proc/cpuinfo`. An emulated x86 CPU counts with
 * that very counter. BogoMIPS is twice the frequency in MHz, since Linux sets its delay loop by the counter. `undefined`
 * where the host does not say.
 */
export function tscKhzFromCpuInfo(cpuInfo: string): number | undefined {
  const bogoMips = Number(/^bogomips\s*:\s*([\d.]+)$/m.exec(cpuInfo)?.[1]);
  return bogoMips > 0 ? Math.round(bogoMips * 500) : undefined;
}
