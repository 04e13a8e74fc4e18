// SPDX-License-Identifier: Apache-2.0
import type { MachineTuning, MemoryDump, PciePorts } from '@hako/hypervisor';

import type { DeviceSettings, RootfsKind } from './devices/device-options.ts';
import type { AssetOverrides } from './guest-assets.ts';
import { checkGuestSetup, checkGuestSources, type GuestSetup } from './guest-setup.ts';
import { resolveCacheDirectory } from './image/image-cache.ts';
import { checkNetwork, type CheckedNetwork, type NetworkOptions } from './network/network-options.ts';
import { userAddresses } from './network/user-network.ts';
import {
  checkHostCgroup,
  type CheckedHostCgroup,
  type HostCgroupOptions,
} from './resources/host-cgroup/host-cgroup-options.ts';
import type { GuestNode } from './resources/numa/guest-node.ts';
import { checkNuma } from './resources/numa/numa-options.ts';
import { checkSizing, type CheckedSizing, type SizingOptions } from './resources/sizing-options.ts';
import { resolveRunRoot } from './run/run-directory.ts';
import { generateId, validateId } from './run/sandbox-id.ts';
import { SandboxError } from './sandbox-error.ts';
import { checkSharing, type CheckedSharing, type SharingOptions } from './share/sharing-options.ts';
import type { MonitorOptions } from './watch/monitor.ts';
import { isWholeNumber } from './whole-number.ts';

/** Programs of the host to use instead of the installed ones; absolute paths. */
export interface HostPrograms {
  readonly qemu?: string;
  readonly virtiofsd?: string;
}

/** What a sandbox shall be. Everything has a default. */
export interface SandboxOptions extends SizingOptions, SharingOptions, GuestSetup {
  /** Its name: 2 to 63 letters, digits, dots, dashes and underscores. Default: 12 random hexadecimal digits. */
  readonly id?: string;
  /** Host name in the guest. Default: the id. */
  readonly hostname?: string;
  /** Files to boot instead of the built ones. */
  readonly assets?: AssetOverrides;
  /** Default: what is installed. */
  readonly programs?: HostPrograms;
  /** Type of the virtual machine. Default: the usual one of the architecture. */
  readonly machine?: 'q35' | 'microvm' | 'virt';
  /** `auto` (default) uses hardware virtualisation when it proves to work, else emulation. */
  readonly accelerator?: 'auto' | 'kvm' | 'tcg';
  /** Road to the agent. `auto` (default) uses vsock when the host has it, else virtio-serial. */
  readonly agentChannel?: 'auto' | 'vsock' | 'virtio-serial';
  /**
   * Whether the machine starts from a template: a saved machine of the same kind whose agent is up already; the first one
   * of a kind boots and saves it. `auto` (default) does so for emulated machines, whose boot takes seconds.
   */
  readonly template?: 'auto' | 'always' | 'never';
  /** Words added to the kernel command line. */
  readonly kernelParameters?: readonly string[];
  /** What it can reach. Default: nothing. */
  readonly network?: NetworkOptions;
  /** Lines of the guest's and the containers' `/etc/resolv.conf`. Default: what the network has. */
  readonly dns?: readonly string[];
  /** Size of the `/dev/shm` its containers share, in MiB. Default 64. */
  readonly shmMib?: number;
  /** Whether its containers share one process namespace: that of the first one, with whose end all others end. Default false. */
  readonly sharePidNamespace?: boolean;
  /**
   * Where root file systems of its containers lie, for containers that do not say: in the shared directory (default), or each
   * in an erofs image that is made once, kept in the cache and plugged as a disk.
   */
  readonly rootfs?: RootfsKind;
  /** Control groups of the host for its processes. Default: those of its owner. */
  readonly hostCgroup?: HostCgroupOptions;
  /** How the machine is made, where that is not to be the driver's choice. Another tuning is another template. */
  readonly tuning?: MachineTuning;
  /** Whether the host gets back memory that the guest has freed. Default false. */
  readonly balloon?: boolean;
  /** Ports for host devices (`devices.vfioPort`). Default: none. Other ports are another template. */
  readonly pciePorts?: PciePorts;
  /**
   * Where the memory of the guest is written if its kernel panics. It stands still meanwhile, and whoever stops the sandbox gives
   * the dump up. Needs machine type q35 and a guest with pvpanic. Default: nowhere.
   */
  readonly memoryDump?: MemoryDump;
  /** How disks and devices are plugged. */
  readonly devices?: DeviceSettings;
  /** How it looks after agent and hypervisor; `false`: not at all, only their end is noticed then. */
  readonly monitor?: MonitorOptions | false;
  /** Base of the run directories. Default `HAKO_RUN_DIR`, else `/run/hako`. */
  readonly runRoot?: string;
  /** Where guest assets are looked for. Default `HAKO_CACHE_DIR`, else `~/.cache/hako`. */
  readonly cacheDirectory?: string;
  /** Shown by `hako ps`. */
  readonly image?: string;
  /** Shown by `hako ps`. */
  readonly command?: readonly string[];
  /** Leave record and logs in the run directory at the end, if there was a container at all. Default false. */
  readonly keepRecord?: boolean;
  /**
   * What becomes of it when this process ends without having stopped it, killed for instance. `stop` (default): it ends too.
   * `keep`: it goes on, and `adoptSandbox` makes another process its owner; what its programs print waits in the guest
   * meanwhile. Needs files to be shared by virtio-fs.
   */
  readonly onOwnerExit?: 'stop' | 'keep';
  /** Copy the guest's console to this file before the run directory is removed. */
  readonly keepConsoleLog?: string;
  /** Kernel messages on the guest's console. Default false. */
  readonly debug?: boolean;
  /** Limit of the boot until the agent answers, in milliseconds. Default 60 000. */
  readonly bootTimeoutMs?: number;
  /** Ends creation and boot with code `aborted`; everything is taken back. Has no effect once the sandbox runs. */
  readonly signal?: AbortSignal;
}

/** Options that have been checked, with their defaults. */
export interface SandboxConfig {
  readonly id: string;
  readonly hostname: string;
  readonly sizing: CheckedSizing;
  /** Once the host has been looked at; absent: the guest has no NUMA nodes. */
  readonly numa?: readonly GuestNode[];
  readonly hostCgroup?: CheckedHostCgroup;
  readonly shmMib: number;
  readonly bootTimeoutMs: number;
  readonly network: CheckedNetwork;
  readonly sharing: CheckedSharing;
  readonly survivesOwner: boolean;
  /** Lines of `/etc/resolv.conf`. */
  readonly dns: readonly string[];
  readonly runRoot: string;
  readonly cacheDirectory: string;
  readonly options: SandboxOptions;
}

const defaultShmMib = 64;
const defaultBootTimeoutMs = 60_000;

/** `HOST_NAME_MAX`, see gethostname(2). */
const maxHostnameBytes = 64;

/**
 * Checks the options of a sandbox that is to be made and fills in the defaults; touches nothing. Errors: `invalid_options`,
 * `socket_path_too_long`.
 * @param options as the caller gave them
 */
export function checkOptions(options: SandboxOptions): SandboxConfig {
  const config = configOf(options);
  checkGuestSources(options);
  return config;
}

/**
 * As {@link checkOptions}, for a sandbox that is there: what it was made from may be gone from the host.
 * @param options that it was made with
 */
export function configOf(options: SandboxOptions): SandboxConfig {
  const id = options.id ?? generateId();
  const runRoot = resolveRunRoot(options.runRoot);
  const { shmMib = defaultShmMib, bootTimeoutMs = defaultBootTimeoutMs, hostname = id } = options;
  const network = checkNetwork(options.network);
  validateId(id, runRoot);
  const sizing = checkSizing(options);
  if (options.numa !== undefined) checkNuma(options.numa, options);
  const sharing = checkSharing(options);
  checkGuestSetup(options);
  const survivesOwner = options.onOwnerExit === 'keep';
  if (survivesOwner && sharing.kind !== 'virtio-fs') {
    throw new SandboxError(
      'invalid_options',
      `a sandbox whose files are shared by ${sharing.kind} ends with its owner`,
      { remedy: 'share files by virtio-fs, or do not keep the sandbox' },
    );
  }
  if (sizing.guestSwap && options.machine === 'microvm') {
    throw new SandboxError('invalid_options', 'a machine of type microvm takes no swap space', {
      remedy: 'choose another type, or do without swap',
    });
  }
  if (!isWholeNumber(shmMib, 0)) {
    throw new SandboxError('invalid_options', `${shmMib} MiB of shared memory are not possible`);
  }
  const { intervalMs = 1, timeoutMs = 1 } = options.monitor === false ? {} : (options.monitor ?? {});
  if (!(intervalMs > 0 && timeoutMs > 0)) {
    throw new SandboxError('invalid_options', `monitor every ${intervalMs} ms for ${timeoutMs} ms`);
  }
  if (!(bootTimeoutMs > 0)) throw new SandboxError('invalid_options', `boot limit of ${bootTimeoutMs} ms`);
  if (!/^[a-zA-Z0-9]([a-zA-Z0-9_.-]*)$/.test(hostname)) {
    throw new SandboxError('invalid_options', `host name ${JSON.stringify(hostname)} is not usable`, {
      remedy: 'use letters, digits, dots and dashes',
    });
  }
  return {
    id,
    hostname: hostname.slice(0, maxHostnameBytes),
    sizing,
    ...(options.hostCgroup === undefined
      ? {}
      : { hostCgroup: checkHostCgroup(options.hostCgroup, sizing.bounds.boot.memoryMib) }),
    shmMib,
    bootTimeoutMs,
    network,
    sharing,
    survivesOwner,
    dns: options.dns ?? (network.kind === 'user' ? [`nameserver ${userAddresses.nameServer}`] : []),
    runRoot,
    cacheDirectory: resolveCacheDirectory(options.cacheDirectory),
    options,
  };
}
