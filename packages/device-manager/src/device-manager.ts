// SPDX-License-Identifier: Apache-2.0
import type { Device as DeviceMessage } from '@hako/protocols/agent';
import { randomBytes } from 'node:crypto';
import { agentDevice, type VfioMode } from './agent-device.ts';
import type { BlockDriver } from './block-driver.ts';
import { BlockIndexes } from './block-indexes.ts';
import { describeDevice } from './describe-device.ts';
import type { DeviceInfo } from './device-info.ts';
import { deviceKindOf } from './device-kind.ts';
import { DeviceManagerError } from './device-manager-error.ts';
import type { DeviceAccess, DeviceLogger, DeviceReceiver } from './device-receiver.ts';
import { checkDeviceState, type DeviceOrigin, type DeviceState } from './device-state.ts';
import { resolveHostPath, type HostRoots } from './host-path.ts';
import { checkVhostUserAttributes, type VhostUserAttributes } from './kinds/vhost-user-appended.ts';
import { ManagedDevice, type Device } from './managed-device.ts';
import { withLimits, type DeviceCallOptions } from './operation-limits.ts';
import { PciePorts, type NumaPlacement } from './pcie-ports.ts';
import { plugDevices, unplugDevice, type PlugContext } from './plug-devices.ts';

/** What a manager works with. */
export interface DeviceManagerComponents {
  readonly receiver: DeviceReceiver;
  /** Control group of the virtual machine. Default: access is not managed; its failures are logged, never fatal. */
  readonly access?: DeviceAccess;
  readonly logger?: DeviceLogger;
  /** Default: 8 random bytes in hexadecimal. */
  readonly makeId?: () => string;
}

/** How a manager behaves. */
export interface DeviceManagerOptions {
  readonly blockDriver: BlockDriver;
  /** Default `guest-kernel`. */
  readonly vfioMode?: VfioMode;
  /** Indexes of disks that the virtual machine has anyway. Default none. */
  readonly reservedBlockIndexes?: readonly number[];
  /** Default 0, never. */
  readonly vhostUserReconnectSeconds?: number;
  readonly numa?: readonly NumaPlacement[];
  readonly roots?: Partial<HostRoots>;
}

/** Names a device and where a container has it. */
export interface ContainerDevice {
  readonly id: string;
  readonly containerPath: string;
}

/** Paths of containers that stand for virtual volumes; the agent mounts these, it does not look for devices. */
const virtualVolumes = '/run/kata-containers/virtual-volumes/';

const maxIdAttempts = 5;
const silentLogger: DeviceLogger = { warn: () => undefined };

/**
 * The devices of one sandbox: what exists, how often it is used, what of it is in the virtual machine.
 *
 * Operations on one device happen one after the other, those on different devices side by side. Whatever fails leaves
 * counts, indexes, ports and the machine as they were.
 */
export class DeviceManager {
  readonly #devices = new Map<string, ManagedDevice>();
  readonly #context: PlugContext;
  readonly #makeId: () => string;
  readonly #vfioMode: VfioMode;

  constructor(components: DeviceManagerComponents, options: DeviceManagerOptions) {
    this.#makeId = components.makeId ?? (() => randomBytes(8).toString('hex'));
    this.#vfioMode = options.vfioMode ?? 'guest-kernel';
    this.#context = {
      receiver: components.receiver,
      access: components.access,
      logger: components.logger ?? silentLogger,
      indexes: new BlockIndexes(options.reservedBlockIndexes),
      ports: new PciePorts(options.numa),
      roots: { sys: '/sys', dev: '/dev', ...options.roots },
      blockDriver: options.blockDriver,
      vhostUserReconnectSeconds: options.vhostUserReconnectSeconds ?? 0,
    };
  }

  /**
   * Makes a device known, or adds a reference when it is already. Each call needs its own {@link removeDevice}.
   *
   * @throws DeviceManagerError `invalid_device`, `id_exhausted`, `count_overflow`.
   */
  async newDevice(info: DeviceInfo): Promise<Device> {
    const { roots } = this.#context;
    const hostPath = await resolveHostPath(info, roots);
    const known = this.#find(info, hostPath);
    if (known !== undefined) {
      known.addReference();
      return known;
    }
    const kind = deviceKindOf(info, hostPath, roots.vhostUserStore !== undefined);
    return this.#add(kind, { type: 'node', info, hostPath });
  }

  /**
   * As {@link newDevice}, for a vhost-user device that no container asked for: always a new one, put in before boot.
   *
   * @throws DeviceManagerError `invalid_device`, `id_exhausted`.
   */
  newVhostUserDevice(attributes: VhostUserAttributes): Device {
    checkVhostUserAttributes(attributes);
    return this.#add(attributes.kind, { type: 'vhost-user', attributes });
  }

  /**
   * Takes a reference away, and forgets the device with the last one.
   *
   * @throws DeviceManagerError `device_not_found`; `device_attached` when it is the last reference and the device is
   * attached: the reference then stays.
   */
  async removeDevice(id: string): Promise<void> {
    const device = this.#get(id);
    await device.queue.run(() => {
      if (device.referenceCount === 0) throw notFound(id);
      if (device.referenceCount === 1 && device.attachCount > 0) {
        throw new DeviceManagerError('device_attached', `device ${id} is still attached`, { device: id });
      }
      device.dropReference();
      // What cannot be taken out of the machine is remembered, so that it is found rather than plugged a second time.
      if (device.referenceCount === 0 && device.plugged.length === 0) this.#devices.delete(id);
    });
  }

  /**
   * Attaches a device; only the first attachment plugs it.
   *
   * @throws DeviceManagerError `device_not_found`, `attach_failed`, `aborted`, `timed_out`, `invalid_device`,
   * `block_index_exhausted`, `count_overflow`.
   */
  async attachDevice(id: string, options: DeviceCallOptions = {}): Promise<void> {
    const device = this.#get(id);
    await withLimits(options, { code: 'attach_failed', device: id, hostPath: device.hostPath }, (signal) =>
      device.queue.run(async () => {
        if (device.referenceCount === 0) throw notFound(id);
        device.checkAttachable();
        signal.throwIfAborted();
        if (device.attachCount === 0 && device.plugged.length === 0) {
          const devices = await describeDevice(device, this.#context);
          device.plugged = await plugDevices(devices, this.#isColdPlugged(device), this.#context, { signal });
        }
        device.countAttach();
      }),
    );
  }

  /**
   * Detaches a device; only the last detachment unplugs it. Devices that cannot be unplugged stay in the machine.
   *
   * @throws DeviceManagerError `device_not_found`, `device_not_attached`, `detach_failed`, `aborted`, `timed_out`.
   */
  async detachDevice(id: string, options: DeviceCallOptions = {}): Promise<void> {
    const device = this.#get(id);
    await withLimits(options, { code: 'detach_failed', device: id, hostPath: device.hostPath }, (signal) =>
      device.queue.run(async () => {
        if (device.attachCount === 0) {
          throw new DeviceManagerError('device_not_attached', `device ${id} is not attached`, { device: id });
        }
        signal.throwIfAborted();
        if (device.attachCount === 1 && !device.staysPlugged) await this.#unplug(device, signal);
        device.countDetach();
      }),
    );
  }

  /** Whether a device is attached; `false` when it is not known. */
  isDeviceAttached(id: string): boolean {
    return (this.getDeviceById(id)?.attachCount ?? 0) > 0;
  }

  /** Gives a device; `undefined` when it is not known. */
  getDeviceById(id: string): Device | undefined {
    const device = this.#devices.get(id);
    return device !== undefined && device.referenceCount > 0 ? device : undefined;
  }

  /** Gives all devices that have a reference. */
  getAllDevices(): readonly Device[] {
    return [...this.#devices.values()].filter((device) => device.referenceCount > 0);
  }

  /** Finds the device that {@link newDevice} would give, without adding a reference. */
  async findDevice(info: DeviceInfo): Promise<Device | undefined> {
    const device = this.#find(info, await resolveHostPath(info, this.#context.roots));
    return device !== undefined && device.referenceCount > 0 ? device : undefined;
  }

  /**
   * Makes the messages that tell the agent about a container's attached devices.
   *
   * @throws DeviceManagerError `device_not_found`, `device_not_attached`, `no_guest_address`.
   */
  agentDevices(devices: readonly ContainerDevice[]): DeviceMessage[] {
    return devices.flatMap(({ id, containerPath }) => {
      const device = this.getDeviceById(id);
      if (device === undefined) throw notFound(id);
      if (containerPath.startsWith(virtualVolumes)) return [];
      return agentDevice(device, containerPath, this.#vfioMode) ?? [];
    });
  }

  /** Gives all devices in the form that outlives the process. To be called while no operation is under way. */
  save(): DeviceState[] {
    return [...this.#devices.values()].map((device) => device.save());
  }

  /**
   * Takes over what {@link save} gave, with the indexes and ports in use. The manager must be new.
   *
   * @throws DeviceManagerError `invalid_state` when the state contradicts itself.
   */
  loadDevices(states: readonly DeviceState[]): void {
    for (const state of states) {
      checkDeviceState(state);
      if (this.#devices.has(state.id)) {
        throw new DeviceManagerError('invalid_state', `device ${state.id} was saved twice`, {
          device: state.id,
        });
      }
      for (const { device } of state.plugged) {
        if ('index' in device) this.#context.indexes.restore(device.index);
        if (device.kind === 'vfio' && device.bus !== undefined) this.#context.ports.restore(device.bus);
      }
      this.#devices.set(state.id, new ManagedDevice(state));
    }
  }

  #isColdPlugged(device: ManagedDevice): boolean {
    return device.info === undefined || device.info.coldPlug === true;
  }

  async #unplug(device: ManagedDevice, signal: AbortSignal): Promise<void> {
    for (const entry of device.plugged.toReversed()) {
      await unplugDevice(entry, this.#context, { signal });
      device.plugged = device.plugged.filter((other) => other !== entry);
    }
  }

  #get(id: string): ManagedDevice {
    const device = this.#devices.get(id);
    if (device === undefined || device.referenceCount === 0) throw notFound(id);
    return device;
  }

  #find(info: DeviceInfo, hostPath: string): ManagedDevice | undefined {
    const wanted = identityOf(info, hostPath);
    return this.#devices
      .values()
      .find(({ info: known, hostPath: path }) => known !== undefined && identityOf(known, path) === wanted);
  }

  #add(kind: ManagedDevice['kind'], origin: DeviceOrigin): ManagedDevice {
    const device = new ManagedDevice({
      id: this.#freeId(),
      kind,
      origin,
      referenceCount: 1,
      attachCount: 0,
      plugged: [],
    });
    this.#devices.set(device.id, device);
    return device;
  }

  #freeId(): string {
    for (let attempt = 0; attempt < maxIdAttempts; attempt += 1) {
      const id = this.#makeId();
      if (!this.#devices.has(id)) return id;
    }
    throw new DeviceManagerError('id_exhausted', `no free device id in ${maxIdAttempts} attempts`);
  }
}

/** What makes two requests mean the same device: its number, or its path when it has none. */
function identityOf({ type, major, minor }: DeviceInfo, hostPath: string): string {
  if (major === -1 || type === 'p') return hostPath;
  return `${type === 'b' ? 'block' : 'char'} ${major}:${minor}`;
}

function notFound(id: string): DeviceManagerError {
  return new DeviceManagerError('device_not_found', `there is no device ${id}`, { device: id });
}
