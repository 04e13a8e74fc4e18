// SPDX-License-Identifier: Apache-2.0
import type { GuestAddresses, PluggableDevice, PluggableKind, VmConfig, WaitOptions } from '@hako/hypervisor';
import type { Accelerator } from '../accelerator/accelerator.ts';
import type { QmpClient } from '../qmp/qmp-client.ts';
import type { PciSlots } from './pci-slots.ts';
import type { PlugStep } from './plug-step.ts';
import type { ScsiAddress, ScsiBus } from './scsi-bus.ts';

/** What a device takes of the machine's room: a place on a PCI bus, or an address on the SCSI bus. */
export interface PlugPlace {
  readonly pciPath?: string;
  readonly scsi?: ScsiAddress;
}

/** How one device is plugged. Taking the steps back unplugs it. */
export interface PlugPlan<Kind extends PluggableKind = PluggableKind> {
  readonly steps: readonly PlugStep[];
  /** Where the guest has it; called after the steps. */
  readonly address: (options: WaitOptions) => Promise<GuestAddresses[Kind]> | GuestAddresses[Kind];
  readonly place?: PlugPlace;
  /** Gives back what planning took, such as a slot. */
  readonly release: () => void;
}

/** What plans are made of. */
export interface PlanContext {
  readonly monitor: QmpClient;
  readonly slots: PciSlots;
  readonly scsi: ScsiBus;
  readonly config: VmConfig;
  readonly accelerator: Accelerator;
}

/** Decides how a device of one kind is plugged. Called for one device at a time, after the steps of the one before. */
export type Planner<Kind extends PluggableKind> = (
  device: PluggableDevice<Kind>,
  context: PlanContext,
  options: WaitOptions,
) => PlugPlan<Kind> | Promise<PlugPlan<Kind>>;
