// SPDX-License-Identifier: Apache-2.0
import type { BlockDriver } from './block-driver.ts';

/** Type of a device node, as in the OCI specification: block, character, unbuffered character, FIFO. */
export type DeviceNodeType = 'b' | 'c' | 'u' | 'p';

/** Kind of PCIe port that a VFIO device is plugged into. */
export type PciePortKind = 'root-port' | 'switch-port' | 'bridge-port';

/** Wishes about how a device is plugged. */
export interface DriverOptions {
  /** Overrides the manager's driver for block devices. */
  readonly blockDriver?: BlockDriver;
  /** Format of a block device's content as the storage message states it. Default `raw`. */
  readonly fstype?: string;
  /** Seconds until a lost vhost-user connection is tried again; 0 means never. */
  readonly vhostUserReconnectSeconds?: number;
}

/** A device of the host that a container shall have. */
export interface DeviceInfo {
  /** Where the device shows up in the container. */
  readonly containerPath: string;
  readonly type: DeviceNodeType;
  /** Number of the host's device; −1 for a regular file, which then has `hostPath`. */
  readonly major: number;
  readonly minor: number;
  /** Path on the host; the node that the kernel names by the number, if it names one, comes before it. */
  readonly hostPath?: string;
  readonly fileMode?: number;
  readonly uid?: number;
  readonly gid?: number;
  /** Persistent memory: plugged as an NVDIMM. Such a device cannot be unplugged. */
  readonly pmem?: boolean;
  readonly readOnly?: boolean;
  /** The guest's discards free space on the host. */
  readonly discardUnmap?: boolean;
  /** Present when the guest boots, instead of plugged while it runs. Such a device stays until the guest ends. */
  readonly coldPlug?: boolean;
  /** Needed for VFIO devices. */
  readonly port?: PciePortKind;
  readonly driverOptions?: DriverOptions;
}
