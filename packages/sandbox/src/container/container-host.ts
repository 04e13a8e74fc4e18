// SPDX-License-Identifier: Apache-2.0
import type { DeviceHost } from '../devices/device-host.ts';
import type { HookPlace } from '../hooks/open-hooks.ts';
import type { Lifeline } from '../lifeline.ts';
import type { GuestAgent } from '../process/guest-agent.ts';
import type { MachineRoom } from '../resources/machine-room.ts';
import type { MachineTraits } from '../resources/machine-traits.ts';
import type { VcpuPinning } from '../resources/vcpu-pinning.ts';
import type { ContainerNotes } from '../run/container-notes.ts';
import type { SurvivalLedger } from '../run/survival-ledger.ts';
import type { FileShare } from '../share/file-share.ts';
import type { Timeline } from '../timeline.ts';
import type { GuestTraits } from './plan-container.ts';

/** What a container is created in. */
export interface ContainerHost extends GuestTraits {
  readonly share: Pick<FileShare, 'add' | 'remove'>;
  /** What plugs devices into the machine. */
  readonly devices: DeviceHost;
  /** Where containers get their part of the machine from; absent from a machine that stays as it is. */
  readonly room?: MachineRoom | undefined;
  /** How large the machine can be, if that is known. */
  readonly machine?: MachineTraits | undefined;
  /** What keeps virtual CPUs on the CPUs that its containers list; absent where they run anywhere. */
  readonly pinning?: Pick<VcpuPinning, 'admit' | 'release' | 'settle'> | undefined;
  /** Where hooks of bundles run. */
  readonly hooks: HookPlace;
  /** Where it is written down for other processes that it is there; absent where none is to know. */
  readonly notes?: Pick<ContainerNotes, 'add' | 'noteEnd' | 'notePaused' | 'remove'> | undefined;
  /** Where it is written down what another process needs to go on; absent where none is to. */
  readonly ledger?: SurvivalLedger | undefined;
  readonly lifeline: Lifeline;
  readonly timeline: Timeline;
  /** Settles when the guest takes requests. */
  readonly ready: Promise<GuestAgent>;
  /** Called when a container was started. */
  readonly onStart?: () => void;
}
