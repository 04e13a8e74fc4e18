// SPDX-License-Identifier: Apache-2.0
import type { PciePort } from '../pcie-ports.ts';

/** What a network card is connected to. */
export type NetworkBackend =
  /**
   * A tap in the network namespace of the hypervisor: one that exists, or one that is made by this name and ends with the
   * hypervisor. With several `queues` (default 1) an existing one must have been made for several.
   */
  | {
      readonly kind: 'tap';
      readonly interfaceName: string;
      readonly vhost?: boolean;
      readonly queues?: number;
    }
  /** A tap or macvtap that the caller has opened, once for each queue. The descriptors stay the caller's. */
  | { readonly kind: 'tap-descriptors'; readonly descriptors: readonly number[]; readonly vhost?: boolean }
  /**
   * A process, such as passt, that connects to a socket the hypervisor makes and listens on; frames go over it behind their
   * length. One connection at a time; without any the guest sees no carrier.
   */
  | { readonly kind: 'stream'; readonly socketPath: string }
  /** The hypervisor's own network stack, which needs no privilege; `isolated` lets nothing out or in. */
  | { readonly kind: 'user'; readonly isolated?: boolean; readonly forwards?: readonly PortForward[] }
  /** A process that listens on a socket. Needs shared memory. */
  | { readonly kind: 'vhost-user'; readonly socketPath: string };

/** A port of the host that leads into the guest. */
export interface PortForward {
  readonly protocol: 'tcp' | 'udp';
  /** Default 127.0.0.1. */
  readonly hostAddress?: string;
  readonly hostPort: number;
  readonly guestPort: number;
}

/** A device function of the host that is handed to the guest. */
export type VfioHost =
  /** Address such as `0000:3b:00.0`; the function is bound to vfio-pci. */
  | { readonly kind: 'pci'; readonly address: string }
  /** Directory of a mediated device below `/sys/bus/mdev/devices`. */
  | { readonly kind: 'mediated'; readonly sysfsPath: string };

/**
 * What can be plugged into a running machine, by kind. Each has an `id` beside this: a letter, then letters, digits, `.`,
 * `_`, `-`, at most 31 characters; unique in the machine. Paths are absolute.
 */
export interface PluggableDevices {
  /** A raw disk: a file or a block device. */
  readonly block: {
    readonly path: string;
    readonly readOnly: boolean;
    /** Default `virtio-blk`. With `virtio-scsi` the controller is plugged with the first disk, and stays. */
    readonly driver?: 'virtio-blk' | 'virtio-scsi';
    /** At most 20 bytes. Default: the id, if it is short enough. */
    readonly serial?: string;
    /** Blocks the guest discards are given back to the host. Default false. */
    readonly discard?: boolean;
    /** Past the page cache of the host. Default false. */
    readonly direct?: boolean;
    /** Requests to write data out are not carried out. Default false. */
    readonly noFlush?: boolean;
    /** How the hypervisor reads and writes. Default `threads`; `native` needs `direct`. */
    readonly aio?: 'threads' | 'native' | 'io_uring';
  };
  readonly network: {
    /** Six lower-case hexadecimal bytes with colons; unicast. */
    readonly mac: string;
    readonly backend: NetworkBackend;
  };
  /** A directory export served by a virtiofsd that listens on the socket. Needs shared memory. */
  readonly 'virtio-fs': {
    /** What the guest mounts by. 1 to 36 bytes. */
    readonly tag: string;
    readonly socketPath: string;
    /** A power of two up to 1024. Default 1024. */
    readonly queueSize?: number;
  };
  /** One of the machine's `exportedDirectories`, by 9p. */
  readonly '9p': {
    /** What the guest mounts by. 1 to 31 bytes. */
    readonly tag: string;
    readonly exportId: string;
  };
  /** A disk served by a process that listens on the socket. Needs shared memory. */
  readonly 'vhost-user-blk': {
    readonly socketPath: string;
    /** Seconds until a lost connection is tried again. Default 0: never. */
    readonly reconnectSeconds?: number;
  };
  /** A SCSI controller served by a process that listens on the socket. Needs shared memory. */
  readonly 'vhost-user-scsi': { readonly socketPath: string };
  readonly vfio: {
    readonly host: VfioHost;
    /** A port of this kind, of which the machine has to have one that is free. Default: the place of all other devices. */
    readonly port?: PciePort;
  };
  /** CPUs, within `maximumVcpus`. The guest's agent brings them online; they go out together. */
  readonly vcpus: { readonly count: number };
  /** A memory module, within `maximumMemoryMib`. A multiple of 128 MiB, the block size of Linux on x86-64. */
  readonly memory: { readonly sizeMib: number };
  /** Memory that grows and shrinks in place, within `maximumMemoryMib`. */
  readonly 'virtio-mem': {
    /** A multiple of 128. */
    readonly capacityMib: number;
    /** What the guest gets at once. A multiple of 4, at most the capacity. Default 0. */
    readonly requestedMib?: number;
  };
}

/** Name of a kind of device that can be plugged. */
export type PluggableKind = keyof PluggableDevices;

/** A device to plug. */
export type PluggableDevice<Kind extends PluggableKind = PluggableKind> = {
  [K in Kind]: { readonly kind: K; readonly id: string } & PluggableDevices[K];
}[Kind];

interface PciAddress {
  /**
   * Way from the root bus: two lower-case hexadecimal digits for the slot of each bridge and of the device, such as
   * `02/01`. What the agent's device messages take.
   */
  readonly pciPath: string;
}

/** Where the guest finds a device, by kind. */
export interface GuestAddresses {
  /** With virtio-scsi the path is the controller's, and `scsiAddress` is `TARGET:LUN`. */
  readonly block: PciAddress & { readonly scsiAddress?: string };
  readonly network: PciAddress;
  readonly 'virtio-fs': PciAddress;
  readonly '9p': PciAddress;
  readonly 'vhost-user-blk': PciAddress;
  readonly 'vhost-user-scsi': PciAddress;
  readonly vfio: PciAddress;
  /** CPUs of the machine, with the new ones. */
  readonly vcpus: { readonly totalVcpus: number };
  /** First byte in the guest's physical memory: what MemHotplugByProbe takes. */
  readonly memory: { readonly physicalAddress: bigint };
  readonly 'virtio-mem': PciAddress;
}

/** A device in a running machine. */
export interface PluggedDevice<Device extends PluggableDevice = PluggableDevice> {
  readonly device: Device;
  readonly address: GuestAddresses[Device['kind']];
}
