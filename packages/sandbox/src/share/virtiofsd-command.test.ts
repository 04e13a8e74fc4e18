// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';

import type { VirtioFsCache } from './sharing-options.ts';
import { findVirtiofsd, virtiofsdArguments, type VirtiofsdFlavour } from './virtiofsd-command.ts';

const settings = { socketPath: '/run/s', directory: '/a,b' };

test.for([
  {
    flavour: 'c' as const,
    expected: [
      '/d',
      '-f',
      '--socket-path=/run/s',
      '-o',
      String.raw`source=/a\,b`,
      '-o',
      'cache=auto,sandbox=namespace,announce_submounts',
    ],
  },
  {
    flavour: 'rust' as const,
    expected: [
      '/d',
      '--socket-path=/run/s',
      '--shared-dir=/a,b',
      '--cache=auto',
      '--sandbox=namespace',
      '--seccomp=kill',
      '--announce-submounts',
      '--inode-file-handles=never',
    ],
  },
])('the $flavour daemon is told in its own words, and confined', ({ flavour, expected }) => {
  expect(virtiofsdArguments({ path: '/d', flavour }, settings)).toEqual(expected);
});

test.for<{ flavour: VirtiofsdFlavour; cache: VirtioFsCache; word: string }>([
  { flavour: 'c', cache: 'never', word: 'cache=none,' },
  { flavour: 'c', cache: 'auto', word: 'cache=auto,' },
  { flavour: 'c', cache: 'always', word: 'cache=always,' },
  { flavour: 'rust', cache: 'never', word: '--cache=never' },
  { flavour: 'rust', cache: 'metadata', word: '--cache=metadata' },
  { flavour: 'rust', cache: 'always', word: '--cache=always' },
])('the $flavour daemon keeps $cache as $word', ({ flavour, cache, word }) => {
  expect(virtiofsdArguments({ path: '/d', flavour }, { ...settings, cache }).join(' ')).toContain(word);
});

test('a cache that the C daemon does not have is refused', () => {
  expect(() => virtiofsdArguments({ path: '/d', flavour: 'c' }, { ...settings, cache: 'metadata' })).toThrow(
    /no cache mode metadata/,
  );
});

test.for<{ flavour: VirtiofsdFlavour; given: string[]; told: string[] }>([
  // What Kata's own configuration has.
  { flavour: 'c', given: ['--thread-pool-size=1', '--announce-submounts'], told: ['--thread-pool-size=1'] },
  {
    flavour: 'rust',
    given: ['--thread-pool-size=1', '--announce-submounts'],
    told: ['--thread-pool-size=1'],
  },
  { flavour: 'c', given: ['--xattr', '--allow-direct-io'], told: ['-o', 'xattr', '-o', 'allow_direct_io'] },
  {
    flavour: 'rust',
    given: ['-o', 'xattr,writeback', '-oposix_acl'],
    told: ['--xattr', '--writeback', '--posix-acl'],
  },
  { flavour: 'c', given: ['--xattrmap=:a,b:'], told: ['-o', String.raw`xattrmap=:a\,b:`] },
  { flavour: 'rust', given: ['--xattrmap=:a,b:'], told: ['--xattrmap=:a,b:'] },
])('the $flavour daemon is told $given as $told', ({ flavour, given, told }) => {
  const plain = virtiofsdArguments({ path: '/d', flavour }, settings);
  const words = virtiofsdArguments({ path: '/d', flavour }, { ...settings, daemonArguments: given });
  expect(words).toEqual([...plain, ...told]);
});

test.for<{ flavour: VirtiofsdFlavour; given: string[] }>(
  (['c', 'rust'] as const).flatMap((flavour) =>
    [
      ['--sandbox=none'],
      ['--sandbox', 'chroot'],
      ['--seccomp=none'],
      ['-o', 'sandbox=chroot'],
      ['-osandbox=none'],
      ['-o', 'xattr,source=/'],
      ['--shared-dir=/'],
      ['--socket-path=/x'],
      ['--fd=3'],
      ['--modcaps=+sys_admin'],
      ['-o', 'modcaps=+sys_admin'],
      ['--cache=always'],
      ['--SANDBOX=none'],
      ['-d'],
      ['none'],
      [''],
      ['-o'],
      ['--'],
      ['--xattrmap=\0'],
    ].map((given) => ({ flavour, given })),
  ),
)('the $flavour daemon is not told $given', ({ flavour, given }) => {
  expect(() => virtiofsdArguments({ path: '/d', flavour }, { ...settings, daemonArguments: given })).toThrow(
    expect.objectContaining({ code: 'invalid_options' }) as Error,
  );
});

test('no daemon is an error with the remedy', async () => {
  await expect(findVirtiofsd(() => Promise.resolve(false))).rejects.toMatchObject({ code: 'tool_missing' });
  await expect(
    findVirtiofsd((path) => Promise.resolve(path === '/usr/lib/qemu/virtiofsd')),
  ).resolves.toMatchObject({ flavour: 'c' });
});
