// SPDX-License-Identifier: Apache-2.0
import type { OciProcess } from '@hako/protocols';

/** Addresses of PCI devices in the guest by those on the host. */
export type PciAddresses = ReadonlyMap<string, string>;

const addressInText = /(?<![0-9a-f:])[0-9a-f]{4}:[0-9a-f]{2}:[01][0-9a-f]\.[0-7](?![0-9a-f])/gi;

/**
 * Replaces the host's addresses in the variables `PCIDEVICE_…` of a device plugin by the guest's, wherever in their text they
 * are. All are replaced at once: an address of the guest may be another device's on the host. Addresses that belong to no
 * device of the container stay.
 */
export function translatePciEnvironment(process: OciProcess, addresses: PciAddresses): OciProcess {
  if (process.env === undefined || addresses.size === 0) return process;
  const env = process.env.map((variable) =>
    variable.startsWith('PCIDEVICE_')
      ? variable.replaceAll(addressInText, (host) => addresses.get(host.toLowerCase()) ?? host)
      : variable,
  );
  return { ...process, env };
}
