// SPDX-License-Identifier: Apache-2.0

/** How guest instructions are carried out. */
export type Accelerator = 'kvm' | 'tcg';

/** Whether KVM runs guests here, and why not. */
export type KvmVerdict = { readonly usable: true } | { readonly usable: false; readonly reason: string };

/**
 * CPU model that the driver gives its VMs. KVM passes the host's CPU through. TCG gets a plain one: the kernel patches
 * itself for every feature it finds, and each patch throws away translated code, so `max` boots a quarter slower.
 * RDRAND and RDSEED let the guest's random generator start at once. See the README for the measurement.
 */
export const defaultCpuModel: { readonly [A in Accelerator]: string } = {
  kvm: 'host',
  tcg: 'Nehalem,+rdrand,+rdseed',
};
