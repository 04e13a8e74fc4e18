// SPDX-License-Identifier: Apache-2.0
import { readFile, readdir } from 'node:fs/promises';
import { release } from 'node:os';
import { SetupError } from './setup-error.mjs';
import { failureLine, runProgram } from './run-program.mjs';

/** @typedef {import('./reporter.mjs').Reporter} Reporter */

/**
 * What Hako calls on the host or puts into the guest.
 *
 * @param {number} version - Major version of Debian.
 * @returns {string[]}
 */
export function requiredPackages(version) {
  return [
    'busybox-static', // guest image, built-in container image
    'crun', // guest image
    'e2fsprogs', // guest image
    'erofs-utils', // mkfs.erofs
    'iproute2', // guest image, host networking
    'iptables', // guest image
    'kmod', // depmod
    'libatomic1', // the project's own Node
    'qemu-system-common',
    'qemu-system-x86',
    'umoci', // OCI layouts
    'xfsprogs', // guest image
    // Virtiofsd was a part of qemu-system-common; kernel modules were not packed.
    ...(version >= 13 ? ['virtiofsd', 'xz-utils'] : []),
  ];
}

/** The first Debian release that has all of it. */
const oldestVersion = 12;

/** What os-release says about Debian's testing and unstable: nothing. */
const developmentVersion = 99;

/**
 * Reads the distribution from the text of /etc/os-release, os-release(5).
 *
 * @param {string} osRelease
 * @returns {{ name: string, debianVersion?: number }} - `debianVersion` only when it is a Debian that will do.
 */
export function identifyDistribution(osRelease) {
  /** @param {string} key */
  const value = (key) => new RegExp(`^${key}="?([^"\n]*)"?$`, 'm').exec(osRelease)?.[1] ?? '';
  const name = value('PRETTY_NAME') || value('ID') || `Linux ${release()}`;
  if (value('ID') !== 'debian') return { name };
  const debianVersion = Number.parseInt(value('VERSION_ID') || String(developmentVersion), 10);
  return debianVersion >= oldestVersion ? { name, debianVersion } : { name };
}

/**
 * Which of the packages are not installed, asked in one call.
 *
 * @param {readonly string[]} packages
 * @returns {Promise<string[]>} - All of them where there is no dpkg.
 */
export async function missingPackages(packages) {
  const query = ['--show', '--showformat', '${Package} ${db:Status-Status}\n', ...packages];
  const { stdout } = await runProgram('dpkg-query', query);
  const installed = new Set(
    stdout
      .split('\n')
      .filter((line) => line.endsWith(' installed'))
      .map((line) => line.split(' ')[0]),
  );
  return packages.filter((name) => !installed.has(name));
}

/** Whether all packages are installed. */
export async function areDebianPackagesInstalled() {
  const { debianVersion = oldestVersion } = await readDistribution('/etc/os-release');
  return (await missingPackages(requiredPackages(debianVersion))).length === 0;
}

/** @param {string} osReleasePath */
async function readDistribution(osReleasePath) {
  return identifyDistribution(await readFile(osReleasePath, 'utf8').catch(() => ''));
}

/**
 * Installs what is missing. Says nothing and asks for nothing when all is there.
 *
 * @param {Reporter} reporter
 * @param {{ osReleasePath?: string, isRoot?: boolean, listsDir?: string }} [environment] - Replaced by tests.
 * @throws {SetupError} when it may not install, or apt-get fails.
 */
export async function ensureDebianPackages(reporter, environment = {}) {
  const { osReleasePath = '/etc/os-release', isRoot = process.getuid?.() === 0, listsDir } = environment;
  const distribution = await readDistribution(osReleasePath);
  const missing = await missingPackages(requiredPackages(distribution.debianVersion ?? oldestVersion));
  if (missing.length === 0) return;
  const list = missing.join(' ');
  if (distribution.debianVersion === undefined) {
    throw new SetupError(
      `set-up installs packages on Debian ${oldestVersion} or newer only, this is ${distribution.name}; missing, by their Debian names: ${list}`,
    );
  }
  const prefix = isRoot ? [] : await sudoPrefix();
  if (prefix === undefined) {
    throw new SetupError(
      `missing packages, and neither root nor sudo without a password: apt-get install ${list}`,
    );
  }
  await reporter.step(`installing ${list}`, async (detail) => {
    const install = ['install', '--yes', '--no-install-recommends', ...missing];
    let result = (await haveLists(listsDir)) ? await aptGet(prefix, install, detail) : undefined;
    if (result?.code !== 0) {
      await aptGet(prefix, ['update'], detail);
      result = await aptGet(prefix, install, detail);
    }
    if (result.code !== 0) throw new SetupError(`apt-get could not install ${list}: ${failureLine(result)}`);
  });
}

/**
 * Runs apt-get without any question.
 *
 * @param {readonly string[]} prefix - Empty for root, else sudo.
 * @param {readonly string[]} words
 * @param {(line: string) => void} detail
 */
export function aptGet(prefix, words, detail) {
  const command = [
    ...prefix,
    'env',
    'DEBIAN_FRONTEND=noninteractive',
    'LC_ALL=C',
    'apt-get',
    '--quiet',
    ...words,
  ];
  return runProgram(command[0] ?? 'env', command.slice(1), { onLine: detail });
}

/** @returns {Promise<string[] | undefined>} - The words before a command that make it root's, if that goes unasked. */
export async function sudoPrefix() {
  const { code } = await runProgram('sudo', ['--non-interactive', 'true']);
  return code === 0 ? ['sudo', '--non-interactive'] : undefined;
}

/** A fresh machine has no package lists: then installing without an update is in vain. */
async function haveLists(directory = '/var/lib/apt/lists') {
  const names = await readdir(directory).catch(() => []);
  return names.some((name) => /_Packages(\.\w+)?$/.test(name));
}
