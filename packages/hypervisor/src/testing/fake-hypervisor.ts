// SPDX-License-Identifier: Apache-2.0
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import type { PluggableDevice } from '../hotplug/pluggable-device.ts';
import { HypervisorError } from '../hypervisor-error.ts';
import type { CreateVmOptions, Hypervisor, HypervisorCapabilities, SnapshotSupport } from '../hypervisor.ts';
import { validateVmConfig } from '../validate-vm-config.ts';
import type { WaitOptions } from '../virtual-machine.ts';
import type { VmConfig } from '../vm-config.ts';
import type { VmRecord } from '../vm-record.ts';
import type { FakeAgentTransport } from './fake-agent-port.ts';
import { fakeSnapshotFile, FakeVm, type FakeGuest, type FakeVmParts } from './fake-vm.ts';

/** What the guests of a {@link FakeHypervisor} do. Everything is optional: a guest without a script stays silent. */
export interface FakeGuestScript {
  /** Runs while the VM is `starting`; throw to make `start` fail, await to keep it waiting. Honour the signal. */
  readonly onStarting?: (signal: AbortSignal) => Promise<void>;
  /** The guest runs now. */
  readonly onBoot?: (guest: FakeGuest) => void;
  /** The guest's end of a new agent connection; the first one comes before {@link onBoot}. */
  readonly onAgentStream?: (stream: Duplex) => void;
  /** Throw to refuse a device, await to keep the plug waiting. */
  readonly onPlug?: (device: PluggableDevice, signal: AbortSignal) => Promise<void>;
  /** Throw to keep a device, await to keep the unplug waiting. */
  readonly onUnplug?: (device: PluggableDevice, signal: AbortSignal) => Promise<void>;
}

/** Options of {@link FakeHypervisor}. */
export interface FakeHypervisorOptions {
  readonly script?: FakeGuestScript;
  /** Default `memory`. */
  readonly agentTransport?: FakeAgentTransport;
  readonly capabilities?: Partial<HypervisorCapabilities>;
  /** What {@link FakeHypervisor.snapshotSupport} says. Default false. */
  readonly emulated?: boolean;
  /** Thrown by `createVm` after validation, such as `vmm_missing`. */
  readonly createError?: HypervisorError;
}

/** One call that a test may look at. */
export interface FakeHypervisorCall {
  readonly method:
    | 'createVm'
    | 'start'
    | 'openAgentChannel'
    | 'waitForAgent'
    | 'pause'
    | 'resume'
    | 'save'
    | 'plug'
    | 'unplug'
    | 'resizeMemory'
    | 'resizeBlock'
    | 'release'
    | 'stop';
  readonly vmId: string;
}

/**
 * A hypervisor without a machine: validates like a driver, runs a script instead of a guest, records the calls.
 * Passes the compliance suite that the drivers pass.
 */
export class FakeHypervisor implements Hypervisor {
  readonly name = 'fake';
  readonly calls: FakeHypervisorCall[] = [];
  /** Every VM made, in order. */
  readonly vms: FakeVm[] = [];
  readonly #options: FakeHypervisorOptions;

  constructor(options: FakeHypervisorOptions = {}) {
    this.#options = options;
  }

  capabilities(): HypervisorCapabilities {
    return {
      blockDevice: true,
      blockDeviceHotplug: true,
      multiQueue: true,
      fileSystemSharing: true,
      networkDeviceHotplug: true,
      vcpuHotplug: true,
      memoryHotplug: true,
      ...this.#options.capabilities,
    };
  }

  async createVm(config: VmConfig, options: CreateVmOptions = {}): Promise<FakeVm> {
    if (options.signal?.aborted === true) {
      throw new HypervisorError('aborted', 'creating the vm was aborted', { cause: options.signal.reason });
    }
    this.calls.push({ method: 'createVm', vmId: config.id });
    await validateVmConfig(config);
    if (this.#options.createError !== undefined) throw this.#options.createError;
    if (config.restoreFrom !== undefined && !existsSync(join(config.restoreFrom, fakeSnapshotFile)))
      throw new HypervisorError('snapshot_unusable', `${config.restoreFrom} holds no snapshot`);
    const vm = new FakeVm(this.#partsOf(config));
    this.vms.push(vm);
    return vm;
  }

  async adoptVm(record: VmRecord, options: WaitOptions = {}): Promise<FakeVm> {
    const { state } = record;
    const known = this.vms.findLast(
      ({ id }) => typeof state === 'object' && state !== null && 'id' in state && state.id === id,
    );
    if (known === undefined || record.driver !== this.name || !(await hasReleased(known)))
      throw new HypervisorError('vmm_exited', 'the machine to adopt is gone');
    const vm = await FakeVm.adopt(this.#partsOf(known.config), known.pluggedDevices, options);
    this.vms.push(vm);
    return vm;
  }

  async snapshotSupport(config: VmConfig): Promise<SnapshotSupport | undefined> {
    await validateVmConfig(config);
    if (!config.sharedMemory) return undefined;
    const exported = (config.exportedDirectories ?? []).map(({ id }) => id);
    const varying = {
      ...{ id: '', runDir: '', restoreFrom: '', networkNamespacePath: '', mountNamespacePath: '' },
      ...{ survivesOwner: false, exportedDirectories: exported },
    };
    // The first ones settle the order of the keys.
    const same = { ...varying, ...config, ...varying };
    const key = createHash('sha256').update(JSON.stringify(same)).digest('hex');
    return { key, emulated: this.#options.emulated ?? false };
  }

  #partsOf(config: VmConfig): FakeVmParts {
    const { script = {}, agentTransport = 'memory' } = this.#options;
    return { config, script, agentTransport, record: (call) => this.calls.push(call) };
  }
}

/** Whether the machine goes on although its object has ended. */
async function hasReleased(vm: FakeVm): Promise<boolean> {
  return vm.state === 'stopped' && (await vm.exited).reason === 'released';
}
