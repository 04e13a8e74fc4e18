// SPDX-License-Identifier: Apache-2.0
import { SandboxError } from '../sandbox-error.ts';
import type { VirtiofsdFlavour } from './virtiofsd-command.ts';

/** One setting of virtiofsd, by its name with dashes. */
interface DaemonSetting {
  readonly name: string;
  readonly value: string | undefined;
}

/** Settings of both daemons that leave the confinement, the socket and the directory as they are. */
const commonNames = [
  'allow-direct-io',
  'announce-submounts',
  'killpriv-v2',
  'log-level',
  'no-killpriv-v2',
  'no-readdirplus',
  'posix-acl',
  'rlimit-nofile',
  'security-label',
  'syslog',
  'thread-pool-size',
  'writeback',
  'xattr',
  'xattrmap',
] as const;

const allowedNames: Readonly<Record<VirtiofsdFlavour, ReadonlySet<string>>> = {
  c: new Set([
    ...commonNames,
    'flock',
    'no-allow-direct-io',
    'no-flock',
    'no-posix-acl',
    'no-posix-lock',
    'no-security-label',
    'no-writeback',
    'no-xattr',
    'posix-lock',
    'readdirplus',
    'timeout',
  ]),
  rust: new Set([...commonNames, 'allow-mmap', 'preserve-noatime']),
};

/** What the C daemon takes as a word of its own; everything else is one of its `-o` options, with underscores. */
const ownWordsOfC: ReadonlySet<string> = new Set(['rlimit-nofile', 'syslog', 'thread-pool-size']);

/** The daemon is told these already. */
const given: ReadonlySet<string> = new Set(['announce-submounts']);

/**
 * Puts further arguments into the words of the daemon at hand: `--name=value` and `-o name=value` mean the same. Only what
 * leaves its confinement alone is taken. Error: `invalid_options`.
 * @param flavour which daemon
 * @param words arguments, of either daemon
 */
export function furtherDaemonArguments(
  flavour: VirtiofsdFlavour,
  words: readonly string[],
): readonly string[] {
  return parse(words).flatMap(({ name, value }) => {
    if (!allowedNames[flavour].has(name)) {
      throw refused(`--${name}`, `use one of ${[...allowedNames[flavour]].sort().join(', ')}`);
    }
    if (given.has(name)) return [];
    const suffix = value === undefined ? '' : `=${value}`;
    if (flavour === 'rust' || ownWordsOfC.has(name)) return [`--${name}${suffix}`];
    return ['-o', `${name.replaceAll('-', '_')}${escapeOptionValue(suffix)}`];
  });
}

/**
 * Protects a value in `-o` of libfuse, which takes a comma-separated list in which a backslash protects the next character.
 * @param value the value
 */
export function escapeOptionValue(value: string): string {
  return value.replaceAll(/[\\,]/g, String.raw`\$&`);
}

function parse(words: readonly string[]): readonly DaemonSetting[] {
  const settings: DaemonSetting[] = [];
  for (let index = 0; index < words.length; index += 1) {
    const word = words[index] ?? '';
    if (word.startsWith('--')) settings.push(setting(word.slice(2)));
    else if (word.startsWith('-o')) {
      if (word === '-o') index += 1;
      const list = word === '-o' ? (words[index] ?? '') : word.slice(2);
      settings.push(...list.split(',').map(setting));
    } else throw refused(word, 'write --NAME, --NAME=VALUE or -o NAME');
  }
  return settings;
}

function setting(text: string): DaemonSetting {
  const [, name = '', value] = /^([^=]*)(?:=(.*))?$/s.exec(text) ?? [];
  if (text.includes('\0')) throw refused(text, 'leave it out');
  return { name: name.replaceAll('_', '-'), value };
}

function refused(word: string, remedy: string): SandboxError {
  return new SandboxError('invalid_options', `virtiofsd is not given ${JSON.stringify(word)}`, { remedy });
}
