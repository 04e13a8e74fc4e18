// SPDX-License-Identifier: Apache-2.0
import type { VmConfig } from '@hako/hypervisor';
import type { Accelerator } from '../accelerator/accelerator.ts';
import type { SurvivalSockets } from '../process/survival-sockets.ts';
import type { MachineName } from './machine-profile.ts';
import type { PersistentImage } from './nvdimm.ts';

/** How the agent is reached, decided for one start. */
export type AgentRoad =
  | { readonly kind: 'virtio-serial'; readonly socketPath: string }
  | { readonly kind: 'vsock'; readonly cid: number };

/** Everything the command line depends on. */
export interface LaunchPlan {
  readonly config: VmConfig;
  readonly machine: MachineName;
  readonly accelerator: Accelerator;
  readonly cpuModel: string;
  readonly agent: AgentRoad;
  /** Name of the virtio-serial port the guest looks for. */
  readonly agentPortName: string;
  /** Inherited descriptor of the connected monitor socket; not used by a machine that has {@link sockets}. */
  readonly monitorFd: number;
  /** Where monitor and console listen instead, so that they outlive a connection. */
  readonly sockets?: SurvivalSockets;
  /** Starts with no machine, waiting for the state of one. */
  readonly incoming?: boolean;
  /** The root image where it is persistent memory. */
  readonly rootMemory?: PersistentImage;
  /** Frequency of an emulated x86 CPU's time stamp counter, so that the guest need not measure it. */
  readonly tscKhz?: number;
}
