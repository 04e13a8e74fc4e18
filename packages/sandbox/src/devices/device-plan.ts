// SPDX-License-Identifier: Apache-2.0
import type { DeviceInfo } from '@hako/device-manager';
import type { OciDevice, OciMount } from '@hako/protocols';

import type { Volume } from '../container/container-options.ts';
import type { BlockVolume } from './device-options.ts';

/** A disk whose file system a container sees. */
export interface PlannedVolume {
  readonly info: DeviceInfo;
  readonly volume: BlockVolume;
  /** The directory it stands for, when it is a direct-assigned one. */
  readonly volumePath?: string;
}

/** A device node of a container. */
export interface PlannedNode {
  readonly info: DeviceInfo;
  /** As the specification has it; absent when the guest's kernel drives the device and there is no node. */
  readonly node?: OciDevice;
}

/** What of a container's wishes is for the device manager, and what is left for others. */
export interface DevicePlan {
  readonly volumes: readonly PlannedVolume[];
  readonly nodes: readonly PlannedNode[];
  /** Nodes that every kernel has: the guest's are taken. */
  readonly fixedNodes: readonly OciDevice[];
  /** Mounts of the bundle that are not disks. */
  readonly otherMounts: readonly OciMount[];
  /** Volumes that are not disks. */
  readonly otherVolumes: readonly Volume[];
}
