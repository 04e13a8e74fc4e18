// SPDX-License-Identifier: Apache-2.0

/** Device of the guest that a PCI path leads to, as the agent finds it: a pattern, for bus numbers are the guest's. */
export function sysfsOf(pciPath: string): string {
  const [first = '', ...behind] = pciPath.split('/');
  const names = [`0000:00:${first}.0`, ...behind.map((slot) => `0000:??:${slot}.0`)];
  return ['/sys/devices/pci0000:00', ...names].join('/');
}
