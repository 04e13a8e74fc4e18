// SPDX-License-Identifier: Apache-2.0
import { truncate } from 'node:fs/promises';
import { openDeadline } from '../deadline.ts';
import { checkDiskGrowth } from '../hotplug/check-disk-growth.ts';
import { DeviceTable } from '../hotplug/device-table.ts';
import type {
  GuestAddresses,
  PluggableDevice,
  PluggableKind,
  PluggedDevice,
} from '../hotplug/pluggable-device.ts';
import { checkRequestedMib, validateDevice } from '../hotplug/validate-device.ts';
import { HypervisorError } from '../hypervisor-error.ts';
import type { WaitOptions } from '../virtual-machine.ts';
import type { VmConfig } from '../vm-config.ts';
import type { FakeGuestScript } from './fake-hypervisor.ts';

const timeoutMs = 10_000;
const placeCount = 30;
const mebibyte = 1024n * 1024n;
/** Above the hole below 4 GiB. */
const firstHotplugAddress = 0x1_0000_0000n;

/** The devices of a `FakeVm`: books are kept, nothing is plugged. */
export class FakeHotplug {
  readonly #config: VmConfig;
  readonly #script: FakeGuestScript;
  readonly #table: DeviceTable<PluggedDevice>;

  constructor(config: VmConfig, script: FakeGuestScript) {
    this.#config = config;
    this.#script = script;
    const cold = config.devices.flatMap((device) => (device.kind === 'block' ? [device.id] : []));
    this.#table = new DeviceTable(config.id, cold);
  }

  get plugged(): readonly PluggedDevice[] {
    return this.#table.entries;
  }

  /** Goes on with the books of another machine object. */
  adopt(plugged: readonly PluggedDevice[]): void {
    for (const entry of plugged) this.#table.adopt(entry.device.id, entry);
  }

  get vcpus(): number {
    return this.plugged.reduce(
      (sum, { device }) => sum + (device.kind === 'vcpus' ? device.count : 0),
      this.#config.vcpus,
    );
  }

  async plug<Device extends PluggableDevice>(
    device: Device,
    options: WaitOptions,
  ): Promise<PluggedDevice<Device>> {
    validateDevice(device, this.#config.sharedMemory);
    using deadline = openDeadline(`plugging device ${device.id}`, options, timeoutMs);
    const { address } = await this.#table.plug(device.id, deadline, async () => {
      await deadline.race(this.#script.onPlug?.(device, deadline.signal) ?? Promise.resolve());
      return { device, address: this.#addressOf(device) };
    });
    // eslint-disable-next-line @typescript-eslint/consistent-type-assertions -- it was made for this device
    return { device, address: address as GuestAddresses[Device['kind']] };
  }

  async unplug(id: string, options: WaitOptions): Promise<void> {
    using deadline = openDeadline(`unplugging device ${id}`, options, timeoutMs);
    await this.#table.unplug(id, ({ device }) => {
      if (device.kind === 'virtio-mem') throw new HypervisorError('unsupported', `virtio-mem ${id} stays`);
      return deadline.race(this.#script.onUnplug?.(device, deadline.signal) ?? Promise.resolve());
    });
  }

  async resizeMemory(id: string, requestedMib: number, options: WaitOptions): Promise<void> {
    using deadline = openDeadline(`resizing memory ${id}`, options, timeoutMs);
    const { device } = this.#table.find(id);
    if (device.kind !== 'virtio-mem') {
      throw new HypervisorError('invalid_device', `device ${id} is not virtio-mem`, { operand: id });
    }
    checkRequestedMib(requestedMib, device.capacityMib);
    await deadline.race(Promise.resolve());
  }

  async resizeBlock(id: string, sizeBytes: number, options: WaitOptions): Promise<void> {
    using deadline = openDeadline(`resizing disk ${id}`, options, timeoutMs);
    const { disk, isFile } = await checkDiskGrowth(this.#table.find(id).device, id, sizeBytes);
    await deadline.race(isFile ? truncate(disk.path, sizeBytes) : Promise.resolve());
  }

  #addressOf(device: PluggableDevice): GuestAddresses[PluggableKind] {
    switch (device.kind) {
      case 'vcpus':
        return { totalVcpus: this.#roomForVcpus(device.count) };
      case 'memory':
        return { physicalAddress: this.#roomForMemory(device.sizeMib) };
      case 'virtio-mem':
        this.#roomForMemory(device.capacityMib);
        return { pciPath: this.#pciPath() };
      case 'block':
        return {
          pciPath: this.#pciPath(),
          ...(device.driver === 'virtio-scsi' && { scsiAddress: `0:${this.plugged.length}` }),
        };
      case 'network':
      case 'virtio-fs':
      case '9p':
      case 'vhost-user-blk':
      case 'vhost-user-scsi':
      case 'vfio':
        return { pciPath: this.#pciPath() };
      default:
        return device satisfies never;
    }
  }

  #pciPath(): string {
    const taken = new Set(this.plugged.map(({ address }) => ('pciPath' in address ? address.pciPath : '')));
    for (let slot = 1; slot <= placeCount; slot += 1) {
      const path = `02/${slot.toString(16).padStart(2, '0')}`;
      if (!taken.has(path)) return path;
    }
    throw new HypervisorError('no_free_slot', `all ${placeCount} places for devices are taken`);
  }

  #roomForVcpus(count: number): number {
    const { maximumVcpus = this.#config.vcpus } = this.#config;
    const total = this.vcpus + count;
    if (total <= maximumVcpus) return total;
    throw new HypervisorError('no_free_slot', `machine has no room for ${count} more cpus`, {
      operand: 'count',
    });
  }

  #roomForMemory(sizeMib: number): bigint {
    const { memoryMib, maximumMemoryMib = memoryMib } = this.#config;
    const used = this.plugged.reduce((sum, { device }) => sum + memoryOf(device), 0);
    if (memoryMib + used + sizeMib <= maximumMemoryMib) return firstHotplugAddress + BigInt(used) * mebibyte;
    throw new HypervisorError('no_free_slot', `machine has no room for ${sizeMib} MiB more memory`, {
      operand: 'sizeMib',
    });
  }
}

function memoryOf(device: PluggableDevice): number {
  if (device.kind === 'memory') return device.sizeMib;
  return device.kind === 'virtio-mem' ? device.capacityMib : 0;
}
