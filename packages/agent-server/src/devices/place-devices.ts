// SPDX-License-Identifier: Apache-2.0
import type { OciSpec } from '@hako/protocols';
import type { Device } from '@hako/protocols/agent';
import { AgentError } from '../errors/agent-error.ts';
import type { AgentOptions } from '../config/agent-options.ts';
import type { Logger } from '../logging/logger.ts';
import type { AgentPaths } from '../paths/agent-paths.ts';
import { addNodes, rewriteDeviceNumbers } from '../spec/device-numbers.ts';
import { requestedCdiDevices } from './cdi/requested-devices.ts';
import type { DeviceDriver, ResolvedDevice } from './device-driver.ts';
import type { GuestDevices } from './guest-devices.ts';
import { infinibandNodes } from './infiniband.ts';
import { type PciAddresses, translatePciEnvironment } from './pci-environment.ts';
import { resolveDevices } from './resolve-devices.ts';

/** What devices are placed with. */
export interface PlacementComponents {
  readonly devices: GuestDevices;
  readonly deviceDrivers: ReadonlyMap<string, DeviceDriver>;
  readonly options: Pick<AgentOptions, 'cdiTimeoutMs' | 'visibleCdiDevices'>;
  readonly paths: Pick<AgentPaths, 'cdiDir'>;
  readonly logger: Logger;
}

/** A specification that names the guest's devices. */
export interface PlacedDevices {
  readonly spec: OciSpec;
  /** For the environment of further processes. */
  readonly pciAddresses: PciAddresses;
}

function mergeAddresses(resolved: readonly ResolvedDevice[]): PciAddresses {
  const merged = new Map<string, string>();
  for (const { pciAddresses = [] } of resolved) {
    for (const [host, guest] of pciAddresses) {
      const other = merged.get(host);
      if (other !== undefined && other !== guest) {
        const problem = `PCI device ${host} of the host is both ${other} and ${guest} in the guest`;
        throw new AgentError('device_failed', problem, { operand: host });
      }
      merged.set(host, guest);
    }
  }
  return merged;
}

/** Changes a specification as the guest's CDI files say, if it asks for devices they describe. */
async function withCdiDevices(
  { options, paths }: PlacementComponents,
  spec: OciSpec,
  signal: AbortSignal,
): Promise<OciSpec> {
  const names = requestedCdiDevices(spec, options.visibleCdiDevices);
  if (names.length === 0) return spec;
  const { injectCdiDevices } = await import('./cdi/inject-cdi-devices.ts');
  return await injectCdiDevices(spec, names, {
    dir: paths.cdiDir,
    timeoutMs: options.cdiTimeoutMs,
    signal,
  });
}

/**
 * Finds the devices of a request in the guest and puts them into the specification in place of the host's.
 *
 * @throws AgentError `device_failed`, `unknown_device_type`, `timed_out`, and those of {@link DeviceDriver.resolve}
 */
export async function placeDevices(
  components: PlacementComponents,
  spec: OciSpec,
  requested: readonly Device[],
  signal: AbortSignal,
): Promise<PlacedDevices> {
  const { devices, deviceDrivers, logger } = components;
  const resolved = await resolveDevices(requested, deviceDrivers, { devices, logger, signal });
  const pciAddresses = mergeAddresses(resolved);
  const rewritten = rewriteDeviceNumbers(spec, resolved);
  const isVfio = resolved.some((device) => device.pciAddresses !== undefined);
  const placed = isVfio ? addNodes(rewritten, await infinibandNodes(devices.tree.devDir)) : rewritten;
  const process = placed.process && translatePciEnvironment(placed.process, pciAddresses);
  return { spec: await withCdiDevices(components, { ...placed, process }, signal), pciAddresses };
}
