// SPDX-License-Identifier: Apache-2.0
import { readdir, readFile, readlink, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';

import { z } from 'zod';

import { describeError, SandboxError } from '../../sandbox-error.ts';
import { runTool } from '../../run-tool.ts';

/** A PCI function that is taken from its driver. */
export const vfioChangeSchema = z.object({
  kind: z.literal('vfio'),
  pciAddress: z.string().regex(/^[\da-f]{4}:[\da-f]{2}:[01][\da-f]\.[0-7]$/),
  /** Name of the driver it had; absent for none. */
  driver: z
    .string()
    .regex(/^[\w-]+$/)
    .optional(),
});

/** A PCI function that is taken from its driver. */
export type VfioChange = z.infer<typeof vfioChangeSchema>;

const vfioDriver = 'vfio-pci';

/**
 * Looks whether a PCI function can be handed to a guest; changes nothing. Error: `network_failed`.
 * @param link name of its link, for messages
 * @param pciAddress the function
 * @param sysfs where sysfs is mounted
 */
export async function planFunction(link: string, pciAddress: string, sysfs = '/sys'): Promise<VfioChange> {
  const device = deviceDirectory(pciAddress, sysfs);
  const group = await linkTarget(join(device, 'iommu_group'));
  if (group === undefined) {
    throw new SandboxError(
      'network_failed',
      `link ${link} is a device of the host (${pciAddress}) that no IOMMU guards, so no guest can have it`,
      { remedy: 'switch the IOMMU on (intel_iommu=on or amd_iommu=on), or use a macvlan on it' },
    );
  }
  const driver = await linkTarget(join(device, 'driver'));
  const parsed = vfioChangeSchema.safeParse({
    kind: 'vfio',
    pciAddress,
    ...(driver === undefined ? {} : { driver }),
  });
  if (parsed.success) return parsed.data;
  throw new SandboxError(
    'network_failed',
    `link ${link} is the device ${pciAddress}, which is not understood`,
    {
      cause: parsed.error,
    },
  );
}

/**
 * Takes a function from its driver and gives it to vfio-pci, which hands it to machines. Error: `network_failed`.
 * @param change what to take
 * @param sysfs where sysfs is mounted
 */
export async function takeFunction({ pciAddress }: VfioChange, sysfs = '/sys'): Promise<void> {
  const { bindToVfio } = await import('@hako/device-manager');
  await rebind(pciAddress, vfioDriver, () => bindToVfio(pciAddress, sysfs));
  const driver = await linkTarget(join(deviceDirectory(pciAddress, sysfs), 'driver'));
  if (driver === vfioDriver) return;
  throw new SandboxError('network_failed', `device ${pciAddress} was not taken by ${vfioDriver}`, {
    remedy: `load it with \`modprobe ${vfioDriver}\``,
  });
}

/**
 * Gives a function back to the driver it had. Its link comes up in the host's own network namespace, not in the one it was
 * taken from. Does nothing when no machine can have had it. Error: `network_failed`.
 * @param change what was to be taken
 * @param sysfs where sysfs is mounted
 */
export async function giveBackFunction({ pciAddress, driver }: VfioChange, sysfs = '/sys'): Promise<void> {
  const device = deviceDirectory(pciAddress, sysfs);
  const override = await readFile(join(device, 'driver_override'), 'utf8').catch(() => '');
  if (override.trim() !== vfioDriver) return;
  if (driver === undefined) {
    // It may not have come to vfio-pci.
    await writeFile(join(device, 'driver/unbind'), pciAddress).catch(() => undefined);
  } else {
    const { unbindFromVfio } = await import('@hako/device-manager');
    await rebind(pciAddress, driver, () => unbindFromVfio(pciAddress, { driver }, sysfs));
  }
  // From now on the kernel chooses again. An empty line is what it takes for nothing.
  await writeFile(join(device, 'driver_override'), '\n');
}

/**
 * Tells a virtual function's parent its hardware address, which the guest's driver cannot set itself. Best effort: not every
 * card takes it, and not every function has a parent.
 * @param pciAddress the function
 * @param mac its hardware address
 * @param sysfs where sysfs is mounted
 */
export async function setFunctionMac(pciAddress: string, mac: string, sysfs = '/sys'): Promise<void> {
  const parent = join(deviceDirectory(pciAddress, sysfs), 'physfn');
  const entries = await readdir(parent).catch(() => []);
  const [link] = await readdir(join(parent, 'net')).catch(() => []);
  if (link === undefined) return;
  for (const entry of entries) {
    const number = /^virtfn(\d+)$/.exec(entry)?.[1];
    if (number === undefined || (await linkTarget(join(parent, entry))) !== pciAddress) continue;
    await runTool('ip', ['link', 'set', 'dev', link, 'vf', number, 'mac', mac]).catch(() => undefined);
  }
}

async function rebind(pciAddress: string, driver: string, work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (cause) {
    throw new SandboxError(
      'network_failed',
      `device ${pciAddress} cannot be given to ${driver}: ${describeError(cause)}`,
      { cause },
    );
  }
}

function deviceDirectory(pciAddress: string, sysfs: string): string {
  return join(sysfs, 'bus/pci/devices', pciAddress);
}

async function linkTarget(path: string): Promise<string | undefined> {
  return readlink(path).then(
    (target) => basename(target),
    () => undefined,
  );
}
