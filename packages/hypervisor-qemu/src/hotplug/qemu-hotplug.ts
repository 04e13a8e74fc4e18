// SPDX-License-Identifier: Apache-2.0
import {
  checkDiskGrowth,
  checkRequestedMib,
  DeviceTable,
  HypervisorError,
  openDeadline,
  validateDevice,
  type PluggableDevice,
  type PluggedDevice,
  type VmConfig,
  type WaitOptions,
} from '@hako/hypervisor';
import type { Accelerator } from '../accelerator/accelerator.ts';
import type { MachineProfile } from '../command-line/machine-profile.ts';
import type { QmpClient } from '../qmp/qmp-client.ts';
import { PciSlots } from './pci-slots.ts';
import { planDevice } from './plan-device.ts';
import type { PlanContext, PlugPlace, PlugPlan } from './plug-plan.ts';
import { applySteps, plugStep, revertSteps, RollbackError, type PlugStep } from './plug-step.ts';
import type { PlugUndo } from './plug-undo.ts';
import { resizeMemory } from './resize-memory.ts';
import { ScsiBus } from './scsi-bus.ts';

const plugTimeoutMs = 10_000;
const unplugTimeoutMs = 10_000;
const resizeTimeoutMs = 10_000;

interface Entry {
  readonly id: string;
  readonly place?: PlugPlace;
  /** Absent for what a failed plug has left behind. */
  readonly plugged?: PluggedDevice;
  readonly steps: readonly PlugStep[];
  readonly release: () => void;
}

/** A device as another process has to know it to take it out. */
export interface SavedDevice {
  readonly id: string;
  /** Absent for what a failed plug has left behind. */
  readonly plugged?: PluggedDevice;
  readonly undo: readonly PlugUndo[];
  readonly place?: PlugPlace;
}

/** The books of a {@link QemuHotplug}. */
export interface SavedHotplug {
  readonly devices: readonly SavedDevice[];
  /** Way to the SCSI controller, once there is one. */
  readonly scsiController?: string;
}

/** What a {@link QemuHotplug} works on. */
export interface QemuHotplugParts {
  readonly monitor: QmpClient;
  readonly config: VmConfig;
  readonly machine: MachineProfile;
  readonly accelerator: Accelerator;
}

/** Plugs devices into one running QEMU and takes them out again. */
export class QemuHotplug {
  readonly #machine: MachineProfile;
  readonly #context: PlanContext;
  readonly #table: DeviceTable<Entry>;

  constructor({ monitor, config, machine, accelerator }: QemuHotplugParts) {
    const slots = new PciSlots(machine.hotplugPlaces, config.pciePorts);
    this.#machine = machine;
    this.#context = { monitor, config, accelerator, slots, scsi: new ScsiBus(monitor, slots) };
    this.#table = new DeviceTable(config.id, coldIds(config));
  }

  get plugged(): readonly PluggedDevice[] {
    return this.#table.entries.flatMap(({ plugged }) => (plugged === undefined ? [] : [plugged]));
  }

  /** What {@link adopt} takes. */
  get saved(): SavedHotplug {
    const { pluggedPath } = this.#context.scsi;
    return {
      devices: this.#table.entries.map(({ id, plugged, steps, place }) => ({
        id,
        undo: steps.flatMap(({ undo }) => (undo === undefined ? [] : [undo])),
        ...(plugged && { plugged }),
        ...(place && { place }),
      })),
      ...(pluggedPath !== undefined && { scsiController: pluggedPath }),
    };
  }

  /** Goes on with the books of a process that is gone. @throws HypervisorError `no_free_slot` if they contradict themselves */
  adopt({ devices, scsiController }: SavedHotplug): void {
    const { monitor, slots, scsi } = this.#context;
    if (scsiController !== undefined) scsi.adopt(scsiController);
    for (const { undo, ...device } of devices) {
      const { pciPath, scsi: address } = device.place ?? {};
      const slot = pciPath === undefined ? undefined : slots.takeAt(pciPath);
      if (address !== undefined) scsi.adoptAddress(address);
      this.#table.adopt(device.id, {
        ...device,
        steps: undo.map((one) => plugStep(monitor, one, () => Promise.resolve())),
        release: () => {
          if (slot !== undefined) slots.release(slot);
          if (address !== undefined) scsi.release(address);
        },
      });
    }
  }

  /** @throws HypervisorError as `VirtualMachine.plug` says */
  async plug<Device extends PluggableDevice>(
    device: Device,
    options: WaitOptions,
  ): Promise<PluggedDevice<Device>> {
    validateDevice(device, this.#context.config.sharedMemory);
    if (!this.#machine.pluggableKinds.has(device.kind)) {
      throw new HypervisorError(
        'unsupported',
        `machine type ${this.#machine.name} takes no ${device.kind} now`,
        {
          operand: device.kind,
        },
      );
    }
    using deadline = openDeadline(`plugging device ${device.id}`, options, plugTimeoutMs);
    const limits = { signal: deadline.signal, timeoutMs: Infinity };
    const { plugged } = await this.#table.plug(device.id, deadline, async (keep) => {
      const plan = await planDevice(device, this.#context, limits);
      return await applyPlan(device, plan, limits, keep);
    });
    // eslint-disable-next-line @typescript-eslint/consistent-type-assertions -- the entry was made for this device
    return plugged as PluggedDevice<Device>;
  }

  /** @throws HypervisorError as `VirtualMachine.unplug` says */
  async unplug(id: string, options: WaitOptions): Promise<void> {
    using deadline = openDeadline(`unplugging device ${id}`, options, unplugTimeoutMs);
    const limits = { signal: deadline.signal, timeoutMs: Infinity };
    await this.#table.unplug(id, async ({ steps, release }) => {
      await revertSteps(steps, limits);
      release();
    });
  }

  /** @throws HypervisorError as `VirtualMachine.resizeMemory` says */
  async resizeMemory(id: string, requestedMib: number, options: WaitOptions): Promise<void> {
    using deadline = openDeadline(`resizing memory ${id}`, options, resizeTimeoutMs);
    const device = this.#table.find(id).plugged?.device;
    if (device?.kind !== 'virtio-mem') {
      throw new HypervisorError('invalid_device', `device ${id} is not virtio-mem`, { operand: id });
    }
    checkRequestedMib(requestedMib, device.capacityMib);
    await resizeMemory(this.#context.monitor, id, requestedMib, deadline.signal);
  }

  /** @throws HypervisorError as `VirtualMachine.resizeBlock` says */
  async resizeBlock(id: string, sizeBytes: number, options: WaitOptions): Promise<void> {
    using deadline = openDeadline(`resizing disk ${id}`, options, resizeTimeoutMs);
    await checkDiskGrowth(this.#table.find(id).plugged?.device, id, sizeBytes);
    // Extends a file, takes the size of a block device anew, and tells the guest.
    await this.#context.monitor.execute(
      'block_resize',
      { 'node-name': id, size: sizeBytes },
      { signal: deadline.signal, timeoutMs: Infinity },
    );
  }
}

async function applyPlan(
  device: PluggableDevice,
  { steps, address, release, place }: PlugPlan,
  limits: WaitOptions,
  keep: (entry: Entry) => void,
): Promise<Entry> {
  const books = { id: device.id, steps, release, ...(place && { place }) };
  try {
    return { ...books, plugged: { device, address: await applySteps(steps, address, limits) } };
  } catch (error) {
    if (!(error instanceof RollbackError)) {
      release();
      throw error;
    }
    keep(books);
    throw error.cause;
  }
}

/** Ids that QEMU knows in the place where those of plugged devices go. */
function coldIds({ devices }: VmConfig): string[] {
  return devices.flatMap((device) => (device.kind === 'block' ? [device.id] : []));
}
