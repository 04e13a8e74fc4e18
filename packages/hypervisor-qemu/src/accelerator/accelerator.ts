// SPDX-License-Identifier: Apache-2.0

/** How guest instructions are carried out. */
export type Accelerator = 'kvm' | 'tcg';

/** Whether KVM runs guests here, and why not. */
export type KvmVerdict = { readonly usable: true } | { readonly usable: false; readonly reason: string };

/** Everything the x86-64-v3 level asks for that Nehalem lacks. */
const level3 = ['xsave', 'xsaveopt', 'avx', 'avx2', 'fma', 'bmi1', 'bmi2', 'movbe', 'f16c', 'abm'];
/** Lets the guest's random generator start at once. */
const random = ['rdrand'];

/**
 * CPU model that the driver gives its x86 VMs. KVM passes the host's CPU through. TCG gets one that runs any x86-64-v3
 * program and no more: the kernel patches itself for SMAP and the like, and each patch throws translated code away.
 * The README has the measurement.
 */
export const defaultCpuModel: { readonly [A in Accelerator]: string } = {
  kvm: 'host',
  tcg: ['Nehalem', ...[...random, ...level3].map((feature) => `+${feature}`)].join(','),
};
