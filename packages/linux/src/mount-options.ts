// SPDX-License-Identifier: Apache-2.0
import { type MountFlag, mountFlagBits } from './mount-flags.ts';

/** Option words sorted into what mount(2) takes. */
export interface ParsedMountOptions {
  readonly flags: readonly MountFlag[];
  /** The words that are no flags, joined by commas; empty when there are none. */
  readonly data: string;
}

/** Words that take a flag back, as in mount(8). */
const clearing: Readonly<Record<string, MountFlag>> = {
  rw: 'ro',
  suid: 'nosuid',
  dev: 'nodev',
  exec: 'noexec',
  async: 'sync',
  nomand: 'mand',
  atime: 'noatime',
  diratime: 'nodiratime',
  norelatime: 'relatime',
  nostrictatime: 'strictatime',
  nolazytime: 'lazytime',
  noiversion: 'iversion',
  loud: 'silent',
  symfollow: 'nosymfollow',
};

const recursive: Readonly<Record<string, MountFlag>> = {
  rbind: 'bind',
  rprivate: 'private',
  rshared: 'shared',
  rslave: 'slave',
  runbindable: 'unbindable',
};

/**
 * Sorts mount(8) option words: flags (a later word wins over an earlier one of the same flag), `defaults` and empty
 * words dropped, the rest kept in order as data for the file system.
 *
 * mount(2) ignores most other flags beside `bind`, `move` or a propagation flag: a read-only bind mount takes a second
 * call with `remount`, `bind`, `ro`.
 */
export function parseMountOptions(options: readonly string[]): ParsedMountOptions {
  const flags = new Set<MountFlag>();
  const data: string[] = [];
  for (const word of options.flatMap((option) => option.split(','))) {
    const cleared = Object.hasOwn(clearing, word) ? clearing[word] : undefined;
    const recursed = Object.hasOwn(recursive, word) ? recursive[word] : undefined;
    if (word === '' || word === 'defaults') continue;
    if (cleared !== undefined) flags.delete(cleared);
    else if (recursed !== undefined) flags.add(recursed).add('rec');
    else if (isMountFlag(word)) flags.add(word);
    else data.push(word);
  }
  return { flags: [...flags], data: data.join(',') };
}

/** `rec` and `move` are no mount(8) option words: a file system may have options of these names. */
function isMountFlag(word: string): word is MountFlag {
  return Object.hasOwn(mountFlagBits, word) && word !== 'rec' && word !== 'move';
}
