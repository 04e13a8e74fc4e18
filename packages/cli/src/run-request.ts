// SPDX-License-Identifier: Apache-2.0
import type {
  ContainerLimits,
  AssetOverrides,
  BlockVolume,
  ContainerMount,
  DeviceSettings,
  GuestSetup,
  HostDevice,
  HostPrograms,
  NetworkOptions,
  RootfsKind,
  SharingOptions,
  Volume,
} from '@hako/sandbox';

import type { ContainerChoices, ContainerWords } from './container-words.ts';
import type { MachineSettings } from './config/machine-settings.ts';
import { parseChoice } from './parse/choice.ts';
import { parseDevice } from './parse/device.ts';
import { parseEnvironment } from './parse/environment.ts';
import { parseMounts } from './parse/mounts.ts';
import { parseContainerLimits } from './parse/limits.ts';
import { parseOwnLimits, parseSizing, type RunSizing, type SizingWords } from './parse/sizing.ts';
import { parseNameServers, parseNetwork, type NetworkWords } from './parse/network.ts';
import { parseSharing } from './parse/sharing.ts';
import { parseVolume } from './parse/volume.ts';
import { UsageError } from './usage-error.ts';

/** The options of `hako run` as commander gives them. */
export interface RunWords extends SizingWords, NetworkWords, ContainerWords {
  readonly rm?: boolean;
  readonly detach?: boolean;
  readonly keep?: boolean;
  readonly sandbox?: string;
  readonly interactive?: boolean;
  readonly tty?: boolean;
  readonly env?: readonly string[];
  readonly workdir?: string;
  readonly volume?: readonly string[];
  readonly mount?: readonly string[];
  readonly device?: readonly string[];
  readonly rootfs?: string;
  readonly sharedFs?: string;
  readonly dns?: readonly string[];
  readonly name?: string;
  readonly hostname?: string;
  readonly user?: string;
  readonly kernel?: string;
  readonly image?: string;
  readonly initrd?: string;
  readonly accel?: string;
  readonly template?: string;
  readonly debug?: boolean;
  readonly config?: string;
}

/** What `hako run` shall do, understood and checked as far as words can be. */
export interface RunRequest {
  readonly image: string;
  /** Empty: what the image says. */
  readonly command: readonly string[];
  readonly remove: boolean;
  readonly detach: boolean;
  /** Whether the sandbox goes on when the process that owns it is killed. */
  readonly keep: boolean;
  readonly interactive: boolean;
  readonly terminal: boolean;
  /** How large the machine is and may become. */
  readonly sizing: RunSizing;
  /** Whether the machine is sized for the limits of the image, once and for all. */
  readonly sizesOnce: boolean;
  /** What the container may use of the machine. */
  readonly limits: ContainerLimits;
  readonly env: readonly string[];
  readonly cwd?: string;
  readonly volumes: readonly Volume[];
  /** What is mounted beside files of the host. */
  readonly mounts: readonly ContainerMount[];
  /** What the container may do, and how its bundle is read. */
  readonly choices: ContainerChoices;
  /** Size of the shared memory in MiB. Absent: as the image says, or the usual. */
  readonly shmMib?: number;
  /** Program that takes the place of the image's entry point and command. */
  readonly entrypoint?: string;
  /** Disks whose file systems the workload sees. */
  readonly blockVolumes: readonly BlockVolume[];
  readonly devices: readonly HostDevice[];
  readonly rootfs: RootfsKind;
  /** How the files of the host come into the guest. */
  readonly sharing: SharingOptions;
  /** How disks and devices are plugged. */
  readonly deviceSettings: DeviceSettings;
  /** What the guest is to have before it has containers. */
  readonly guestSetup: GuestSetup;
  /** How the machine is made, beside its size. */
  readonly machineSettings: MachineSettings;
  readonly network: NetworkOptions;
  /** Lines of `/etc/resolv.conf`. Absent: what the network has. */
  readonly dns?: readonly string[];
  readonly name?: string;
  readonly hostname?: string;
  readonly user?: string;
  readonly assets: AssetOverrides;
  readonly accelerator: 'auto' | 'kvm' | 'tcg';
  readonly template: 'auto' | 'always' | 'never';
  readonly debug: boolean;
  /** Words for the guest's kernel. */
  readonly kernelParameters: readonly string[];
  /** Programs other than the installed ones. */
  readonly programs: HostPrograms;
  /** Machine type; default: the usual one. */
  readonly machine?: 'q35' | 'microvm' | 'virt';
}

/**
 * Understands the words of `hako run`. Errors: {@link UsageError}.
 * @param image the image reference
 * @param command the workload's own words
 * @param words the options
 * @param env environment that `--env NAME` takes values from
 */
export function runRequest(
  image: string,
  command: readonly string[],
  words: RunWords,
  env: NodeJS.ProcessEnv,
): RunRequest {
  const { detach = false, interactive = false, tty = false, name, hostname, user, workdir } = words;
  if (words.keep === true && !detach) {
    throw new UsageError('--keep needs --detach', 'a workload in the foreground ends with its terminal');
  }
  if (detach && (interactive || tty)) {
    throw new UsageError(
      '--detach does not go with --interactive or --tty',
      'use `hako exec -it` afterwards',
    );
  }
  const mounts = parseMounts(words.mount ?? []);
  return {
    image,
    command,
    remove: words.rm ?? false,
    detach,
    keep: words.keep ?? false,
    interactive,
    terminal: tty,
    // In a sandbox that exists, CPUs and memory are the container's; otherwise they are the machine's.
    ...(words.sandbox === undefined
      ? { sizing: parseSizing(words), limits: parseOwnLimits(words) }
      : { sizing: {}, limits: parseContainerLimits(words) }),
    sizesOnce: false,
    env: (words.env ?? []).flatMap((entry) => parseEnvironment(entry, env)),
    ...(workdir === undefined ? {} : { cwd: absolute(workdir) }),
    ...mounts,
    volumes: [...(words.volume ?? []).map(parseVolume), ...mounts.volumes],
    choices: {},
    devices: (words.device ?? []).map(parseDevice),
    rootfs: parseChoice('place of the root file system', words.rootfs ?? 'shared', ['shared', 'block']),
    sharing: parseSharing(words.sharedFs),
    deviceSettings: {},
    guestSetup: {},
    machineSettings: {},
    network: parseNetwork(words),
    ...(words.dns === undefined ? {} : { dns: parseNameServers(words.dns) }),
    ...(name === undefined ? {} : { name }),
    ...(hostname === undefined ? {} : { hostname }),
    ...(user === undefined ? {} : { user }),
    assets: {
      ...(words.kernel === undefined ? {} : { kernelPath: words.kernel }),
      ...(words.image === undefined ? {} : { imagePath: words.image }),
      ...(words.initrd === undefined ? {} : { initrdPath: words.initrd }),
    },
    accelerator: parseChoice('accelerator', words.accel ?? 'auto', ['auto', 'kvm', 'tcg']),
    template: parseChoice('use of templates', words.template ?? 'auto', ['auto', 'always', 'never']),
    debug: words.debug ?? false,
    kernelParameters: [],
    programs: {},
  };
}

function absolute(directory: string): string {
  if (directory.startsWith('/')) return directory;
  throw new UsageError(
    `working directory ${JSON.stringify(directory)} is not absolute`,
    'begin it with a slash',
  );
}
