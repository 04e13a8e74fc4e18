// SPDX-License-Identifier: Apache-2.0
import type { BlockDriver } from '../block-driver.ts';
import type { BlockIndexes } from '../block-indexes.ts';
import type { DeviceInfo } from '../device-info.ts';
import type { HostRoots } from '../host-path.ts';
import type { PciePorts } from '../pcie-ports.ts';

/** A device as the kinds see it. */
export interface DeviceRecord {
  readonly id: string;
  readonly info: DeviceInfo;
  readonly hostPath: string;
}

/** What describing a device takes from. */
export interface KindContext {
  readonly indexes: BlockIndexes;
  readonly ports: PciePorts;
  readonly roots: HostRoots;
  /** For block devices that do not say otherwise. */
  readonly blockDriver: BlockDriver;
  /** For vhost-user devices that do not say otherwise; 0 means never. */
  readonly vhostUserReconnectSeconds: number;
}

/** Longest name of a device in QEMU. */
const maxIdLength = 31;

/** Makes the name of a device in the virtual machine. */
export function machineId(prefix: string, id: string): string {
  return `${prefix}-${id}`.slice(0, maxIdLength);
}
