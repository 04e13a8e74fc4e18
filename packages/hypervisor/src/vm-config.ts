// SPDX-License-Identifier: Apache-2.0
import type { MachineTuning } from './machine-tuning.ts';
import type { NumaNode } from './numa-node.ts';
import type { MemoryDump } from './memory-dump.ts';
import type { PciePorts } from './pcie-ports.ts';

/** Which virtualisation does the work. `auto` takes hardware if a guest was seen to run on it, else emulation. */
export type AcceleratorChoice = 'auto' | 'kvm' | 'tcg';

/** The road to the agent. `auto` takes vsock if this host can offer it, else virtio-serial. */
export type AgentChannelKind = 'auto' | 'vsock' | 'virtio-serial';

/** A disk file with one file system in it and no partition table; shared read-only between VMs. */
export interface RootImage {
  readonly path: string;
  readonly format: 'raw';
  readonly fstype: 'erofs' | 'ext4';
  /**
   * `virtio-blk`: the first disk (`/dev/vda`). `nvdimm`: persistent memory (`/dev/pmem0`) of a multiple of 2 MiB, for which
   * the kernel needs the drivers `nfit` and `nd_pmem`; behind the block that Linux makes in its first 2 MiB for `fsdax`, it
   * is read without a copy in the guest. Default `virtio-blk`.
   */
  readonly attachment?: 'virtio-blk' | 'nvdimm';
}

/** A directory export served by a virtiofsd that listens on {@link socketPath}. Needs `sharedMemory`. */
export interface VirtioFsDevice {
  readonly kind: 'virtio-fs';
  /** What the guest mounts by. At most 36 bytes (virtio specification 1.2, section 5.11.4). */
  readonly tag: string;
  readonly socketPath: string;
}

/** A directory that the hypervisor itself serves by 9p, beside the devices that export it. */
export interface ExportedDirectory {
  /** What devices name it by: a letter, then letters, digits, `-`, `_`; at most 20. */
  readonly id: string;
  /** As it is found in the mount namespace of the hypervisor ({@link VmConfig.mountNamespacePath}). */
  readonly path: string;
}

/** One of {@link VmConfig.exportedDirectories} as the guest mounts it, by 9p. */
export interface NinePDevice {
  readonly kind: '9p';
  /** What the guest mounts by. At most 31 bytes (`MAX_TAG_LEN` of QEMU, without its NUL). */
  readonly tag: string;
  readonly exportId: string;
}

/** A raw disk. The guest finds it by its serial, which equals {@link id}. */
export interface BlockDevice {
  readonly kind: 'block';
  /** Letters, digits, `-`, `_`; at most 20 bytes (virtio-blk serial). */
  readonly id: string;
  readonly path: string;
  readonly readOnly: boolean;
}

/**
 * A byte stream between host and guest beside the agent's: a virtio-serial port, which the guest finds by its name in
 * `/sys/class/virtio-ports`. The driver listens on {@link socketPath}; one connection at a time.
 */
export interface SerialPortDevice {
  readonly kind: 'serial-port';
  /** Letters, digits, `.`, `_`, `-`; at most 31. */
  readonly name: string;
  readonly socketPath: string;
}

/** A device that is present when the guest boots. */
export type ColdDevice = VirtioFsDevice | NinePDevice | BlockDevice | SerialPortDevice;

/** The product of the three is the largest number of CPUs. */
export interface CpuTopology {
  readonly sockets: number;
  readonly cores: number;
  readonly threads: number;
}

/** Everything needed to start one VM. All paths are absolute. */
export interface VmConfig {
  /** Letters, digits, `.`, `_`, `-`; starts with a letter or digit; at most 64 characters. */
  readonly id: string;
  /** Exists, mode 0700, owned by the caller. The driver leaves only the console log in it. */
  readonly runDir: string;
  readonly kernelPath: string;
  readonly initrdPath?: string;
  /** The guest's first file system. At least one of this and {@link initrdPath} is needed. */
  readonly rootImage?: RootImage;
  /** Words put behind the driver's own on the kernel command line; one word or `key="quoted value"` each. */
  readonly kernelParameters: readonly string[];
  /** Whole virtual CPUs, at least 1. */
  readonly vcpus: number;
  /** As many CPUs the machine can have once some are plugged. Default `vcpus`. */
  readonly maximumVcpus?: number;
  /** How the CPUs, with those that can be plugged, are told to the guest. Default: each a socket of its own. */
  readonly cpuTopology?: CpuTopology;
  /** Into what CPUs and memory are parted. Excludes snapshots; several exclude growth. Default: one part, of the driver's making. */
  readonly numaNodes?: readonly NumaNode[];
  /** At least 128. */
  readonly memoryMib: number;
  /** As much memory the machine can have once some is plugged. Default `memoryMib`. */
  readonly maximumMemoryMib?: number;
  /** Places for memory modules, if there can be more memory; 1 to 256. Default 10. */
  readonly memorySlots?: number;
  /** A balloon, by which the host gets back what the guest has freed. Default false. */
  readonly balloon?: boolean;
  /** Guest memory that another process (virtiofsd) may map. */
  readonly sharedMemory: boolean;
  readonly devices: readonly ColdDevice[];
  readonly agentChannel: AgentChannelKind;
  readonly accelerator: AcceleratorChoice;
  /**
   * Directory of a snapshot ({@link VirtualMachine.save}) to start from instead of booting. All else must be as it was for
   * the machine that was saved; {@link Hypervisor.snapshotSupport} tells. Needs `sharedMemory`.
   */
  readonly restoreFrom?: string;
  /**
   * File of a network namespace, such as `/run/netns/NAME`, that the hypervisor process runs in: what it opens by name, a
   * tap for instance, is looked up there. Default: the caller's. No part of a snapshot.
   */
  readonly networkNamespacePath?: string;
  /**
   * File of a mount namespace that the hypervisor process runs in: what it opens by path is looked up there. It need not
   * exist before {@link VirtualMachine.start}. Default: the caller's. No part of a snapshot.
   */
  readonly mountNamespacePath?: string;
  /**
   * Files named `cgroup.procs` of existing control groups: the hypervisor process enters these groups before it starts, with
   * all it uses. Default: the caller's groups. No part of a snapshot.
   */
  readonly controlGroupFiles?: readonly string[];
  /** What `9p` devices can export, those that are plugged later too. Default: nothing. Paths are no part of a snapshot. */
  readonly exportedDirectories?: readonly ExportedDirectory[];
  /**
   * The machine goes on when the process that started it ends, for another one to adopt ({@link Hypervisor.adoptVm}). What
   * the guest prints on its console meanwhile is lost. Default: it dies with its owner. No part of a snapshot.
   */
  readonly survivesOwner?: boolean;
  /** Default: the driver's own choices. */
  readonly tuning?: MachineTuning;
  /** Beside the places that all devices are plugged into. Default: none. */
  readonly pciePorts?: PciePorts;
  /**
   * A guest whose kernel panics, and has the driver to say so (pvpanic), stands still while its memory is written, and ends then.
   * Where it goes is no part of a snapshot. Default: it ends at once.
   */
  readonly memoryDump?: MemoryDump;
  /** Kernel boot messages in the console log. Slower boot. Default false. */
  readonly debug?: boolean;
}

/** Smallest guest memory that boots the kernel and the agent. */
export const minimumMemoryMib = 128;

/** Most CPUs of one machine. */
export const maximumMachineVcpus = 240;

/** Most places for memory modules: `ACPI_MAX_RAM_SLOTS` of QEMU. */
export const maximumMemorySlots = 256;

/** Longest path a unix socket address holds, in bytes (`sun_path` without its NUL, unix(7)). */
export const maximumSocketPathBytes = 107;
