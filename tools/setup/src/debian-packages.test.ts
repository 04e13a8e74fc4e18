// SPDX-License-Identifier: Apache-2.0
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ensureDebianPackages, identifyDistribution, requiredPackages } from './debian-packages.mjs';
import type { Reporter } from './reporter.mjs';

const bookworm = 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nID=debian\nVERSION_ID="12"\n';
const fedora = 'PRETTY_NAME="Fedora Linux 43"\nID=fedora\nVERSION_ID=43\n';

describe('identifyDistribution', () => {
  test.each([
    ['Debian 12', bookworm, 12],
    ['Debian 13', 'ID=debian\nVERSION_ID="13"\n', 13],
    ['Debian without a number is the coming one', 'ID=debian\n', 99],
    ['Debian 11 is too old', 'ID=debian\nVERSION_ID="11"\n', undefined],
    ['Ubuntu has no such kernel package', 'ID=ubuntu\nID_LIKE=debian\nVERSION_ID="24.04"\n', undefined],
    ['Fedora', fedora, undefined],
    ['an empty file', '', undefined],
  ])('%s', (_, osRelease, version) => {
    expect(identifyDistribution(osRelease).debianVersion).toBe(version);
  });
});

test('Debian 13 has virtiofsd in a package of its own', () => {
  expect(requiredPackages(12)).not.toContain('virtiofsd');
  expect(requiredPackages(13)).toContain('virtiofsd');
});

/** Programs in a directory that is all of PATH; each call is a line in a log. */
describe('ensureDebianPackages', () => {
  let machine: string;
  let path: string | undefined;
  const steps: string[] = [];
  const reporter: Reporter = {
    step: (title, work) => {
      steps.push(title);
      return work(() => undefined);
    },
    note: () => undefined,
  };

  beforeEach(async () => {
    machine = await mkdtemp(join(tmpdir(), 'setup-'));
    await mkdir(join(machine, 'lists'));
    steps.length = 0;
    path = process.env['PATH'];
    process.env['PATH'] = machine;
    await fake('env', 'while :; do case "$1" in *=*) shift;; *) break;; esac; done; exec "$@"');
  });

  afterEach(async () => {
    process.env['PATH'] = path;
    await rm(machine, { recursive: true });
  });

  async function fake(name: string, body: string): Promise<void> {
    await writeFile(join(machine, name), `#!/bin/sh\necho "${name} $*" >> ${machine}/log\n${body}\n`);
    await chmod(join(machine, name), 0o755);
  }

  async function installed(packages: readonly string[]): Promise<void> {
    await fake('dpkg-query', packages.map((name) => `echo "${name} installed"`).join('\n') || 'exit 1');
  }

  async function log(): Promise<string[]> {
    const lines = (await readFile(join(machine, 'log'), 'utf8')).split('\n');
    return lines.filter((line) => line.startsWith('apt-get '));
  }

  async function ensure(osRelease: string, isRoot: boolean): Promise<void> {
    await writeFile(join(machine, 'os-release'), osRelease);
    const environment = {
      osReleasePath: join(machine, 'os-release'),
      isRoot,
      listsDir: join(machine, 'lists'),
    };
    await ensureDebianPackages(reporter, environment);
  }

  const allBut = (name: string): string[] => requiredPackages(12).filter((other) => other !== name);

  test.each([
    ['Debian', bookworm],
    ['another distribution', fedora],
  ])('does and says nothing on %s when nothing is missing', async (_, osRelease) => {
    await installed(requiredPackages(12));
    await ensure(osRelease, false);
    expect(await log()).toEqual([]);
    expect(steps).toEqual([]);
  });

  test('installs exactly what is missing, without an update when there are package lists', async () => {
    await installed(allBut('crun'));
    await fake('apt-get', '');
    await writeFile(join(machine, 'lists/mirror_dists_bookworm_main_binary-amd64_Packages'), '');
    await ensure(bookworm, true);
    expect(await log()).toEqual(['apt-get --quiet install --yes --no-install-recommends crun']);
    expect(steps).toEqual(['installing crun']);
  });

  test('updates the package lists first on a machine that has none', async () => {
    await installed(allBut('crun'));
    await fake('apt-get', '');
    await ensure(bookworm, true);
    expect(await log()).toEqual([
      'apt-get --quiet update',
      'apt-get --quiet install --yes --no-install-recommends crun',
    ]);
  });

  test('goes through sudo when that needs no password', async () => {
    await installed(allBut('kmod'));
    await fake('sudo', 'shift; exec "$@"');
    await fake('true', '');
    await fake('apt-get', '');
    await ensure(bookworm, false);
    expect(await log()).toContain('apt-get --quiet install --yes --no-install-recommends kmod');
  });

  test.each([
    ['without sudo', undefined],
    ['with a sudo that asks', 'exit 1'],
  ])('fails with the command to run when not root and %s', async (_, sudo) => {
    await installed(allBut('crun'));
    if (sudo !== undefined) await fake('sudo', sudo);
    await expect(ensure(bookworm, false)).rejects.toThrow(
      /^missing packages, and neither root nor sudo without a password: apt-get install crun$/,
    );
  });

  test('fails on another distribution with the list of what is missing', async () => {
    await installed([]);
    await expect(ensure(fedora, true)).rejects.toThrow(
      `this is Fedora Linux 43; missing, by their Debian names: ${requiredPackages(12).join(' ')}`,
    );
  });

  test("fails with apt's own reason", async () => {
    await installed(allBut('crun'));
    await fake('apt-get', 'echo "Reading lists"; echo "E: Unable to locate package crun" >&2; exit 100');
    await expect(ensure(bookworm, true)).rejects.toThrow(
      'apt-get could not install crun: E: Unable to locate package crun',
    );
  });
});
