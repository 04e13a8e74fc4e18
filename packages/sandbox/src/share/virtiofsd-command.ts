// SPDX-License-Identifier: Apache-2.0
import { constants } from 'node:fs';

import { canAccess } from '../can-access.ts';
import { SandboxError } from '../sandbox-error.ts';
import { escapeOptionValue, furtherDaemonArguments } from './daemon-arguments.ts';
import type { VirtioFsCache } from './sharing-options.ts';

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
 * The daemon to run: the caller's, or the installed one. Error: `tool_missing`.
 * @param path absolute, or undefined
 */
export async function chooseVirtiofsd(path: string | undefined): Promise<VirtiofsdProgram> {
  if (path === undefined) return findVirtiofsd();
  if (await canExecute(path)) return virtiofsdProgram(path);
  throw new SandboxError('tool_missing', `virtiofsd ${path} is not there, or is no program`, {
    remedy: 'correct its path (virtio_fs_daemon), or leave it out to use the installed one',
  });
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

/** What the daemon shall do. */
export interface VirtiofsdSettings {
  /** Where it listens for the hypervisor. */
  readonly socketPath: string;
  /** What it shares. */
  readonly directory: string;
  /** Default `auto`. */
  readonly cache?: VirtioFsCache;
  /** Words that the caller adds. */
  readonly daemonArguments?: readonly string[];
}

/**
 * The daemon's command line: one shared directory, and its own mount, process and network namespaces (which also confines it
 * by pivot_root, seccomp and dropped capabilities). Error: `invalid_options`.
 * @param program which daemon
 * @param settings what it shall do
 */
export function virtiofsdArguments(
  program: VirtiofsdProgram,
  settings: VirtiofsdSettings,
): readonly [string, ...string[]] {
  const { socketPath, directory, cache = 'auto', daemonArguments = [] } = settings;
  const further = furtherDaemonArguments(program.flavour, daemonArguments);
  switch (program.flavour) {
    case 'c':
      return [
        program.path,
        '-f',
        `--socket-path=${socketPath}`,
        '-o',
        `source=${escapeOptionValue(directory)}`,
        '-o',
        // Its system calls are filtered always: there is no word to say so.
        `cache=${cacheOfC(cache)},sandbox=namespace,announce_submounts`,
        ...further,
      ];
    case 'rust':
      return [
        program.path,
        `--socket-path=${socketPath}`,
        `--shared-dir=${directory}`,
        `--cache=${cache}`,
        '--sandbox=namespace',
        '--seccomp=kill',
        '--announce-submounts',
        '--inode-file-handles=never',
        ...further,
      ];
  }
}

function cacheOfC(cache: VirtioFsCache): string {
  if (cache !== 'metadata') return cache === 'never' ? 'none' : cache;
  throw new SandboxError('invalid_options', 'the virtiofsd of QEMU 7 has no cache mode metadata', {
    remedy: 'use never, auto or always, or install the later virtiofsd',
  });
}

function canExecute(path: string): Promise<boolean> {
  return canAccess(path, constants.X_OK);
}
