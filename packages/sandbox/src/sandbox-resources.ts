// SPDX-License-Identifier: Apache-2.0
import type { VirtualMachine } from '@hako/hypervisor';

import type { LoadConnectAgent } from './agent-endpoint.ts';
import type { Logger } from './logger.ts';
import type { GuestNetwork } from './network/guest-network.ts';
import type { OpenRoom } from './resources/growing-room.ts';
import type { VcpuPinning } from './resources/vcpu-pinning.ts';
import type { AdoptedGuest } from './run/adopted-guest.ts';
import type { RunDirectory } from './run/run-directory.ts';
import type { SurvivalLedger } from './run/survival-ledger.ts';
import type { SandboxConfig } from './sandbox-options.ts';
import type { FileShare } from './share/file-share.ts';
import type { SharePlan } from './share/share-plan.ts';
import type { BootPlan } from './template/boot-plan.ts';
import type { Timeline } from './timeline.ts';
import type { UndoStack } from './undo-stack.ts';

/** What `createSandbox` hands over; the sandbox owns it from then on. */
export interface SandboxResources {
  readonly config: SandboxConfig;
  readonly runDirectory: RunDirectory;
  /** What machine and agent need for the kind of sharing. */
  readonly sharing: SharePlan;
  readonly share: FileShare;
  readonly network: GuestNetwork;
  readonly vm: VirtualMachine;
  readonly plan: BootPlan;
  readonly loadConnectAgent: LoadConnectAgent;
  /** Writes down what another process needs to go on; absent from a sandbox that ends with its owner. */
  readonly ledger?: SurvivalLedger;
  /** What a dead process has left of it, if it is not a new one. */
  readonly adopted?: AdoptedGuest;
  /** Present if the machine gets more for its containers. */
  readonly openRoom?: OpenRoom;
  /** Present if virtual CPUs keep to CPUs of the host. */
  readonly pinning?: VcpuPinning;
  readonly timeline: Timeline;
  readonly logger: Logger;
  /** Takes back everything above, in the right order. */
  readonly undo: UndoStack;
}
