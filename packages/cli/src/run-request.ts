// SPDX-License-Identifier: Apache-2.0
import type { AssetOverrides, HostPrograms, NetworkOptions, Volume } from '@hako/sandbox';

import { parseCpuCount } from './parse/cpu-count.ts';
import { parseEnvironment } from './parse/environment.ts';
import { parseMemoryMib } from './parse/memory-size.ts';
import { parseNameServers, parseNetwork } from './parse/network.ts';
import { parseVolume } from './parse/volume.ts';
import { UsageError } from './usage-error.ts';

/** The options of `hako run` as commander gives them. */
export interface RunWords {
  readonly rm?: boolean;
  readonly detach?: boolean;
  readonly sandbox?: string;
  readonly interactive?: boolean;
  readonly tty?: boolean;
  readonly cpus?: string;
  readonly memory?: string;
  readonly env?: readonly string[];
  readonly workdir?: string;
  readonly volume?: readonly string[];
  readonly network?: string;
  readonly networkModel?: string;
  readonly dns?: readonly string[];
  readonly publish?: readonly string[];
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
  readonly interactive: boolean;
  readonly terminal: boolean;
  readonly vcpus?: number;
  readonly memoryMib?: number;
  readonly env: readonly string[];
  readonly cwd?: string;
  readonly volumes: readonly Volume[];
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
  if (detach && (interactive || tty)) {
    throw new UsageError(
      '--detach does not go with --interactive or --tty',
      'use `hako exec -it` afterwards',
    );
  }
  return {
    image,
    command,
    remove: words.rm ?? false,
    detach,
    interactive,
    terminal: tty,
    ...(words.cpus === undefined ? {} : { vcpus: parseCpuCount(words.cpus) }),
    ...(words.memory === undefined ? {} : { memoryMib: parseMemoryMib(words.memory) }),
    env: (words.env ?? []).flatMap((entry) => parseEnvironment(entry, env)),
    ...(workdir === undefined ? {} : { cwd: absolute(workdir) }),
    volumes: (words.volume ?? []).map(parseVolume),
    network: parseNetwork(words.network, words.publish ?? [], words.networkModel),
    ...(words.dns === undefined ? {} : { dns: parseNameServers(words.dns) }),
    ...(name === undefined ? {} : { name }),
    ...(hostname === undefined ? {} : { hostname }),
    ...(user === undefined ? {} : { user }),
    assets: {
      ...(words.kernel === undefined ? {} : { kernelPath: words.kernel }),
      ...(words.image === undefined ? {} : { imagePath: words.image }),
      ...(words.initrd === undefined ? {} : { initrdPath: words.initrd }),
    },
    accelerator: accelerator(words.accel ?? 'auto'),
    template: templateUse(words.template ?? 'auto'),
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

function accelerator(text: string): RunRequest['accelerator'] {
  if (text === 'auto' || text === 'kvm' || text === 'tcg') return text;
  throw new UsageError(`unknown accelerator ${JSON.stringify(text)}`, 'use auto, kvm or tcg');
}

function templateUse(text: string): RunRequest['template'] {
  if (text === 'auto' || text === 'always' || text === 'never') return text;
  throw new UsageError(`unknown use of templates ${JSON.stringify(text)}`, 'use auto, always or never');
}
