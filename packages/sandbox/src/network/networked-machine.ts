// SPDX-License-Identifier: Apache-2.0
import type { PciePort } from '@hako/hypervisor';

import type { SandboxConfig } from '../sandbox-options.ts';

/** What a network has to know of its machine. */
export interface NetworkedMachine {
  /** CPUs: as many pairs of queues a card has. */
  readonly vcpus: number;
  /** Port for devices of the host. Default: the place of all devices. */
  readonly vfioPort?: PciePort;
}

/**
 * Tells a network what its machine is like.
 * @param config of the sandbox
 */
export function networkedMachine({ sizing, options: { devices = {} } }: SandboxConfig): NetworkedMachine {
  const { vfioPort } = devices;
  const { vcpus } = sizing.bounds.boot;
  return vfioPort === undefined || vfioPort === 'bridge-port' ? { vcpus } : { vcpus, vfioPort };
}
