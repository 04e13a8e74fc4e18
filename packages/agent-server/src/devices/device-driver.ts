// SPDX-License-Identifier: Apache-2.0
import type { Device } from '@hako/protocols/agent';
import type { Logger } from '../logging/logger.ts';
import type { GuestNode } from './device-number.ts';
import type { GuestDevices } from './guest-devices.ts';
import type { PciAddresses } from './pci-environment.ts';

/** What is found for a device of the container's specification. */
export interface ResolvedDevice {
  /** Path in the container, by which the specification knows it. */
  readonly containerPath: string;
  /** What takes its place; undefined when the specification does not change. */
  readonly node: (GuestNode & { readonly path?: string }) | undefined;
  /** PCI devices behind it; undefined unless it is passed through by VFIO. */
  readonly pciAddresses?: PciAddresses;
}

/** What a driver works with. */
export interface DeviceContext {
  readonly devices: GuestDevices;
  readonly logger: Logger;
  /** Ends waiting. */
  readonly signal: AbortSignal;
}

/** Finds one kind of device in the guest. */
export interface DeviceDriver {
  /** The word in `Device.type`. */
  readonly type: string;
  /** @throws AgentError `invalid_request` for an address that is none, `timed_out`, `device_failed` */
  resolve(device: Device, context: DeviceContext): Promise<ResolvedDevice>;
}
