// SPDX-License-Identifier: Apache-2.0
import type { VmConfig } from '@hako/hypervisor';
import type { Accelerator } from '../accelerator/accelerator.ts';
import type { MachineName } from './machine-profile.ts';

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
  /** Inherited descriptor of the connected monitor socket. */
  readonly monitorFd: number;
  /** Starts with no machine, waiting for the state of one. */
  readonly incoming?: boolean;
  /** Frequency of an emulated x86 CPU's time stamp counter, so that the guest need not measure it. */
  readonly tscKhz?: number;
}
