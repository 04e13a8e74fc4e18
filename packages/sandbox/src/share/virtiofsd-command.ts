// SPDX-License-Identifier: Apache-2.0
import { constants } from 'node:fs';
import { access } from 'node:fs/promises';

import { SandboxError } from '../sandbox-error.ts';

/** Which of the two daemons that bear the name virtiofsd this is: their arguments differ. */
export type VirtiofsdFlavour = 'c' | 'rust';

/** An installed virtiofsd. */
export interface VirtiofsdProgram {
  readonly path: string;
  readonly flavour: VirtiofsdFlavour;
}

/** Where distributions install the daemons; the Rust one is preferred, QEMU dropped the C one in release 8.0. */
const knownPrograms: readonly VirtiofsdProgram[] = [
  { path: '/usr/libexec/virtiofsd', flavour: 'rust' },
  { path: '/usr/lib/virtiofsd', flavour: 'rust' },
  { path: '/usr/lib/qemu/virtiofsd', flavour: 'c' },
];

/**
 * The daemon at a path of the caller's; the one in QEMU's own directory is the C one.
 * @param path absolute
 */
export function virtiofsdProgram(path: string): VirtiofsdProgram {
  return { path, flavour: path.includes('/qemu/') ? 'c' : 'rust' };
}

/**
 * Finds virtiofsd. Error: `tool_missing`.
 * @param isExecutable tells whether a path is a program; default asks the file system
 */
export async function findVirtiofsd(
  isExecutable: (path: string) => Promise<boolean> = canExecute,
): Promise<VirtiofsdProgram> {
  for (const program of knownPrograms) {
    if (await isExecutable(program.path)) return program;
  }
  throw new SandboxError('tool_missing', 'virtiofsd is not installed', {
    remedy:
      'install it with `apt-get install qemu-system-common` (Debian 12) or `virtiofsd` (later releases)',
  });
}

/**
 * The daemon's command line: one shared directory, caching as the host sees fit, and its own mount, process and network
 * namespaces (which also confines it by pivot_root, seccomp and dropped capabilities).
 * @param program which daemon
 * @param socketPath where it listens for the hypervisor
 * @param directory what it shares
 */
export function virtiofsdArguments(
  program: VirtiofsdProgram,
  socketPath: string,
  directory: string,
): readonly [string, ...string[]] {
  switch (program.flavour) {
    case 'c':
      return [
        program.path,
        '-f',
        `--socket-path=${socketPath}`,
        '-o',
        `source=${escapeOptionValue(directory)}`,
        '-o',
        'cache=auto,sandbox=namespace,announce_submounts',
      ];
    case 'rust':
      return [
        program.path,
        `--socket-path=${socketPath}`,
        `--shared-dir=${directory}`,
        '--cache=auto',
        '--sandbox=namespace',
        '--announce-submounts',
        '--inode-file-handles=never',
      ];
  }
}

/** `-o` of libfuse takes a comma-separated list in which a backslash protects the next character. */
function escapeOptionValue(value: string): string {
  return value.replaceAll(/[\\,]/g, String.raw`\$&`);
}

async function canExecute(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}
