// SPDX-License-Identifier: Apache-2.0
import type { BlockDriver, DiskAccess, PciePortKind, VfioMode } from '@hako/device-manager';

/** A device of the host that a container gets: a disk, or a device behind VFIO. */
export interface HostDevice {
  /** Block device, `/dev/vfio/GROUP`, or a character device that every kernel has. */
  readonly path: string;
  /** Where the container has it. Default: the same path. */
  readonly containerPath?: string;
  /** Disks only: the guest cannot write to it. Default false. */
  readonly readOnly?: boolean;
}

/** A group that owns a volume, as Kubernetes' `fsGroup`. */
export interface VolumeGroup {
  readonly groupId: number;
  /** Whether all files are looked at every time, or only when the top directory is not the group's. Default `always`. */
  readonly changePolicy?: 'always' | 'on-root-mismatch';
}

/** A disk of the host, or a file that holds one, whose file system a container sees. Nothing of it is mounted on the host. */
export interface BlockVolume {
  /** Block device or file; must exist. */
  readonly source: string;
  /** Absolute path in the container. */
  readonly destination: string;
  /** File system on it; never guessed. */
  readonly fstype: string;
  /** Default false. A disk that is writable can be in one sandbox only. */
  readonly readOnly?: boolean;
  /** Options of mount(8). */
  readonly options?: readonly string[];
  readonly fsGroup?: VolumeGroup;
  /** Makes the file system first: ext4 only, and everything on the disk is lost. Default false. */
  readonly createFilesystem?: boolean;
  /** Asks the agent to encrypt the disk with such a key. Hako's own agent refuses. */
  readonly encryptionKey?: string;
  /** Blocks that the guest discards are given back to the host. Default false. */
  readonly discard?: boolean;
}

/** Where the root file system of a container lies: in the shared directory, or in an image of its own that is plugged as a disk. */
export type RootfsKind = 'shared' | 'block';

/** How a sandbox plugs devices; the names are those of Kata's configuration. */
export interface DeviceSettings extends DiskAccess {
  /** How disks are presented. Default `virtio-blk`; QEMU takes `virtio-scsi` besides. */
  readonly blockDriver?: BlockDriver;
  /** Whether mounts of a bundle and volumes are shared even where they are disks or stand for some. Default false. */
  readonly disableBlockDevices?: boolean;
  /** Who drives VFIO devices: the guest's kernel (default), or a program in the container. */
  readonly vfioMode?: VfioMode;
  /**
   * Where VFIO devices that are PCI Express devices are plugged: a port of the machine (`pciePorts`), or the bridge where all
   * others go. Default `bridge-port`.
   */
  readonly vfioPort?: PciePortKind;
  /** Directory with `block/devices` and `block/sockets` of vhost-user targets. Default: none are known. */
  readonly vhostUserStore?: string;
  /** Seconds until a lost vhost-user connection is tried again. Default 0, never. */
  readonly vhostUserReconnectSeconds?: number;
  /** Directory of the descriptors of direct-assigned volumes. Default `/run/kata-containers/shared/direct-volumes`. */
  readonly directVolumes?: string;
}
