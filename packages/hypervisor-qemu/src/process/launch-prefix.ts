// SPDX-License-Identifier: Apache-2.0
import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { HypervisorError } from '@hako/hypervisor';

/** Where Debian and most distributions have the programs of util-linux. */
const defaultDirectories = ['/usr/bin', '/bin'];

/** How QEMU shall be started. */
export interface LaunchPrefixOptions {
  /** Network namespace to start it in. Default: the caller's. */
  readonly networkNamespacePath?: string | undefined;
  /** Mount namespace to start it in. Default: the caller's. */
  readonly mountNamespacePath?: string | undefined;
  /** Files `cgroup.procs` of control groups to start it in. Default: the caller's groups. */
  readonly controlGroupFiles?: readonly string[] | undefined;
  /** Whether it is to go on when its owner dies. Default false. */
  readonly survivesOwner?: boolean | undefined;
  /** Where the programs are looked for. */
  readonly directories?: readonly string[];
}

/** Enters control groups up to the word `--`, then becomes what comes after it; 0 stands for the writer (cgroups(7)). */
const enterAndBecome = `
set -e
until [ "$1" = -- ]; do
  echo 0 >"$1"
  shift
done
shift
exec "$@"
`;

/**
 * The words to put before a command. Each program of them does its part and then becomes the next one: same process id,
 * same descriptors.
 *
 * - a shell enters the control groups, so that everything the command uses is counted there.
 * - nsenter enters the namespaces. It opens both before it enters one, and forks for process namespaces alone (nsenter(1), `--no-fork`).
 * - setpriv has the kernel kill the command when its owner dies, even by SIGKILL (PR_SET_PDEATHSIG, prctl(2)). The signal
 *   is bound to the *thread* that spawned, so spawn from the main thread or from a worker that lives as long as the VM.
 *   Where it is missing, a killed owner leaves its VM behind.
 *
 * @throws HypervisorError `unsupported` if there is a namespace to enter and nsenter is missing
 */
export async function launchPrefix({
  networkNamespacePath,
  mountNamespacePath,
  controlGroupFiles = [],
  survivesOwner = false,
  directories = defaultDirectories,
}: LaunchPrefixOptions = {}): Promise<readonly string[]> {
  const setpriv = survivesOwner ? undefined : await findTool('setpriv', directories);
  const parentDeath = setpriv === undefined ? [] : [setpriv, '--pdeathsig', 'KILL'];
  const namespaces = [
    ...(networkNamespacePath === undefined ? [] : [`--net=${networkNamespacePath}`]),
    ...(mountNamespacePath === undefined ? [] : [`--mount=${mountNamespacePath}`]),
  ];
  const groups =
    controlGroupFiles.length === 0
      ? []
      : ['/bin/sh', '-c', enterAndBecome, 'hako-enter', ...controlGroupFiles, '--'];
  if (namespaces.length === 0) return [...groups, ...parentDeath];
  const nsenter = await findTool('nsenter', directories);
  if (nsenter === undefined) {
    const path = networkNamespacePath ?? mountNamespacePath ?? '';
    throw new HypervisorError('unsupported', `namespace ${path} cannot be entered`, {
      operand: 'nsenter',
      remedy: 'install util-linux',
    });
  }
  return [...groups, nsenter, ...namespaces, '--', ...parentDeath];
}

/** Program and arguments. */
type CommandWords = readonly [string, ...(readonly string[])];

/** A command behind its prefix, which may be empty. */
export function withPrefix([first, ...rest]: readonly string[], command: CommandWords): CommandWords {
  return first === undefined ? command : [first, ...rest, ...command];
}

async function findTool(name: string, directories: readonly string[]): Promise<string | undefined> {
  for (const directory of directories) {
    const path = `${directory}/${name}`;
    try {
      await access(path, constants.X_OK);
      return path;
    } catch {
      // Try the next place.
      continue;
    }
  }
  return undefined;
}
