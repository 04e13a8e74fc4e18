// SPDX-License-Identifier: Apache-2.0
import type { WaitOptions } from '../virtual-machine.ts';
import type { PluggableDevice, PluggedDevice } from './pluggable-device.ts';

/** A machine's devices that come and go while it runs. */
export interface DevicePlugging {
  /**
   * Puts a device into the machine while it runs, whole or not at all. Fulfilled when the machine has it; the guest may
   * need a moment more to notice. Plugs of one machine happen one after the other. Default `timeoutMs` 10 000.
   *
   * Failure, deadline and abort take back what was done. Where the guest has the device by then and does not let go of
   * it, its id stays taken until {@link unplug} succeeds.
   *
   * @throws HypervisorError `invalid_device` | `device_exists` | `no_free_slot` | `unsupported` | `invalid_state` |
   *   `monitor_failed` | `timeout` | `aborted`
   */
  plug<Device extends PluggableDevice>(device: Device, options?: WaitOptions): Promise<PluggedDevice<Device>>;

  /**
   * Takes a plugged device out. Fulfilled when the guest has let go of it and the host's half is closed; that needs a
   * guest which runs and takes part. Default `timeoutMs` 10 000. After a failure the device is still there, at least in
   * part, and may be unplugged again.
   *
   * @throws HypervisorError `device_missing` | `guest_refused` | `unsupported` | `invalid_state` | `monitor_failed` |
   *   `timeout` | `aborted`
   */
  unplug(id: string, options?: WaitOptions): Promise<void>;

  /**
   * Asks the guest to grow or shrink to another size of a `virtio-mem` device; fulfilled when it has. A guest shrinks only
   * as far as it can do without the memory: after a deadline it may have come part of the way, and the request stands.
   * Default `timeoutMs` 10 000.
   *
   * @throws HypervisorError `invalid_device` | `device_missing` | `invalid_state` | `monitor_failed` | `timeout` |
   *   `aborted`
   */
  resizeMemory(id: string, requestedMib: number, options?: WaitOptions): Promise<void>;

  /**
   * Makes a plugged `block` device larger; fulfilled when the machine has the size, of which the guest hears at once. A file is
   * extended to the size; a block device has to have it already, and the guest gets all of it. The size that a disk has is
   * no error. Default `timeoutMs` 10 000.
   *
   * @param sizeBytes - a multiple of 512
   * @throws HypervisorError `invalid_device` (no `block` device, a read-only one, less than it has) | `device_missing` |
   *   `invalid_state` | `monitor_failed` | `timeout` | `aborted`
   */
  resizeBlock(id: string, sizeBytes: number, options?: WaitOptions): Promise<void>;

  /** What {@link plug} has put in and {@link unplug} has not taken out. */
  readonly pluggedDevices: readonly PluggedDevice[];
}
