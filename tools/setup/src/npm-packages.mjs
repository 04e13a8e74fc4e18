// SPDX-License-Identifier: Apache-2.0
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SetupError } from './setup-error.mjs';
import { failureLine, runProgram } from './run-program.mjs';

/** @typedef {import('./reporter.mjs').Reporter} Reporter */
/** @typedef {{ version?: string, integrity?: string, resolved?: string, link?: boolean, optional?: boolean }} LockedPackage */

const oldestNpm = 10;

/**
 * Whether `node_modules` holds exactly the packages of the lock file.
 *
 * @param {string} root - Root of the work tree.
 */
export async function areNpmPackagesInstalled(root) {
  const [locked, installed] = await Promise.all([
    readLock(join(root, 'package-lock.json')),
    readLock(join(root, 'node_modules/.package-lock.json')),
  ]);
  return locked !== undefined && installed !== undefined && isInstalled(locked, installed);
}

/**
 * Installs the npm packages of the lock file unless they are there.
 *
 * @param {string} root - Root of the work tree.
 * @param {Reporter} reporter
 * @throws {SetupError} when npm is missing, too old, or fails.
 */
export async function ensureNpmPackages(root, reporter) {
  if (await areNpmPackagesInstalled(root)) return;
  const version = await npm(['--version'], root);
  if (version.code !== 0) throw new SetupError(`npm does not run: ${failureLine(version)}`);
  if (Number.parseInt(version.stdout, 10) < oldestNpm) {
    throw new SetupError(`npm ${version.stdout.trim()} is too old, ${oldestNpm} or newer is needed`);
  }
  // Not `npm ci`: it refuses a lock file from a registry that lacks optional packages of other platforms, and empties
  // node_modules under the feet of whatever runs from there. Whether the lock file was followed is looked at instead.
  await reporter.step('installing npm packages', async (detail) => {
    const result = await npm(
      ['install', '--no-save', '--no-audit', '--no-fund', '--loglevel=http'],
      root,
      detail,
    );
    if (result.code !== 0) throw new SetupError(`npm install failed: ${failureLine(result)}`);
  });
  if (!(await areNpmPackagesInstalled(root))) {
    throw new SetupError(
      'npm did not install what package-lock.json names: remove node_modules and try again',
    );
  }
}

/**
 * Whether every locked package is installed in its locked version. Optional packages of other platforms may lack.
 * npm keeps the list of what it installed in the same form as the lock file.
 *
 * @param {Record<string, LockedPackage>} locked
 * @param {Record<string, LockedPackage>} installed
 */
export function isInstalled(locked, installed) {
  return Object.entries(locked).every(([path, wanted]) => {
    if (!path.includes('node_modules/')) return true;
    const found = installed[path];
    if (found === undefined) return wanted.optional === true;
    return (
      found.version === wanted.version && found.integrity === wanted.integrity && found.link === wanted.link
    );
  });
}

/** @param {string} path @returns {Promise<Record<string, LockedPackage> | undefined>} */
async function readLock(path) {
  try {
    return JSON.parse(await readFile(path, 'utf8')).packages;
  } catch {
    return undefined;
  }
}

/**
 * The npm that started this script, else the one in PATH.
 *
 * @param {readonly string[]} words
 * @param {string} cwd
 * @param {(line: string) => void} [onLine]
 */
function npm(words, cwd, onLine) {
  const script = process.env.npm_execpath;
  const options = { cwd, ...(onLine && { onLine }) };
  return script?.endsWith('npm-cli.js')
    ? runProgram(process.execPath, [script, ...words], options)
    : runProgram('npm', words, options);
}
