// SPDX-License-Identifier: Apache-2.0
import type { OciInteger } from './integer.ts';

/** Limits of a container's cgroup. */
export interface OciResources {
  devices?: OciDeviceRule[] | undefined;
  memory?: OciMemory | undefined;
  cpu?: OciCpu | undefined;
  pids?: OciPids | undefined;
  blockIO?: OciBlockIo | undefined;
  hugepageLimits?: OciHugepageLimit[] | undefined;
  network?: OciNetwork | undefined;
}

/** Allows or denies devices; without `major` or `minor` all numbers match, without `type` all devices. */
export interface OciDeviceRule {
  allow: boolean;
  type?: string | undefined;
  major?: OciInteger | undefined;
  minor?: OciInteger | undefined;
  access?: string | undefined;
}

/** Memory limits in bytes; `swap` is the sum of memory and swap. */
export interface OciMemory {
  limit?: OciInteger | undefined;
  reservation?: OciInteger | undefined;
  swap?: OciInteger | undefined;
  kernel?: OciInteger | undefined;
  kernelTCP?: OciInteger | undefined;
  swappiness?: OciInteger | undefined;
  disableOOMKiller?: boolean | undefined;
}

/** CPU limits; periods, quota and runtime in microseconds. */
export interface OciCpu {
  shares?: OciInteger | undefined;
  quota?: OciInteger | undefined;
  period?: OciInteger | undefined;
  realtimeRuntime?: OciInteger | undefined;
  realtimePeriod?: OciInteger | undefined;
  cpus?: string | undefined;
  mems?: string | undefined;
}

/** Limit on the number of processes; only more than 0 limits. */
export interface OciPids {
  limit?: OciInteger | undefined;
}

/** Block I/O weights and limits. */
export interface OciBlockIo {
  weight?: number | undefined;
  leafWeight?: number | undefined;
  weightDevice?: OciWeightDevice[] | undefined;
  throttleReadBpsDevice?: OciThrottleDevice[] | undefined;
  throttleWriteBpsDevice?: OciThrottleDevice[] | undefined;
  throttleReadIOPSDevice?: OciThrottleDevice[] | undefined;
  throttleWriteIOPSDevice?: OciThrottleDevice[] | undefined;
}

/** I/O weight of one device. */
export interface OciWeightDevice {
  major: OciInteger;
  minor: OciInteger;
  weight?: number | undefined;
  leafWeight?: number | undefined;
}

/** I/O rate limit of one device, in bytes or operations per second. */
export interface OciThrottleDevice {
  major: OciInteger;
  minor: OciInteger;
  rate: OciInteger;
}

/** Limit on huge pages of one size, such as `2MB`; in bytes. */
export interface OciHugepageLimit {
  pageSize: string;
  limit: OciInteger;
}

/** Network class and priorities of cgroup v1. */
export interface OciNetwork {
  classID?: number | undefined;
  priorities?: OciInterfacePriority[] | undefined;
}

/** Priority of traffic over one interface. */
export interface OciInterfacePriority {
  name: string;
  priority: number;
}
