// SPDX-License-Identifier: Apache-2.0
import type { GuestAddress, PluggableDevice, PluggedDevice } from './pluggable-device.ts';

/** Limits of one operation on the virtual machine. */
export interface ReceiverOptions {
  /** Aborting gives the operation up; the receiver then rejects, with the machine as it was before. */
  readonly signal: AbortSignal;
}

/** The virtual machine, as far as the device manager needs it. Each operation happens whole or not at all. */
export interface DeviceReceiver {
  /** Adds a device to the configuration of a machine that has not booted. */
  append(device: PluggableDevice, options: ReceiverOptions): Promise<GuestAddress>;
  /** Plugs a device into the running machine. */
  hotplug(device: PluggableDevice, options: ReceiverOptions): Promise<GuestAddress>;
  /** Unplugs a device from the running machine; resolves when the guest has let go of it. */
  unplug(plugged: PluggedDevice, options: ReceiverOptions): Promise<void>;
}

/** Who may open which device: the control group that the virtual machine runs in. */
export interface DeviceAccess {
  /** Lets the machine open a device node of the host. */
  allow(hostPath: string): Promise<void>;
  /** Takes that back. */
  deny(hostPath: string): Promise<void>;
}

/** What the manager says while it works; pino and most other loggers fit. */
export interface DeviceLogger {
  warn(fields: object, message: string): void;
}
