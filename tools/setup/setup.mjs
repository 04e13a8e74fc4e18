// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { areDebianPackagesInstalled, ensureDebianPackages } from './src/debian-packages.mjs';
import { guestFlavours } from './src/guest-flavours.mjs';
import { buildGuestImage, isGuestImageCurrent } from './src/guest-image.mjs';
import { userCacheDir, workspaceRoot } from './src/locations.mjs';
import { withLock } from './src/lock.mjs';
import { areNpmPackagesInstalled, ensureNpmPackages } from './src/npm-packages.mjs';
import { createReporter } from './src/reporter.mjs';
import { SetupError, setupFailedExitCode } from './src/setup-error.mjs';

const oldestNode = 20;

/**
 * Makes the machine ready: Debian packages, npm packages, guest kernel, guest image. Runs again at no cost: what is
 * there is left alone. Two set-ups at once wait for each other.
 *
 * @param {import('./src/reporter.mjs').Reporter} [reporter]
 * @throws {SetupError}
 */
export async function setUp(reporter = createReporter(process.stderr)) {
  checkPlatform();
  if (await isReady()) return;
  const onWait = () => reporter.note('waiting for another set-up to finish');
  await withLock(join(userCacheDir(), 'setup.lock'), onWait, async () => {
    await ensureDebianPackages(reporter);
    await ensureNpmPackages(workspaceRoot, reporter);
    for (const flavour of guestFlavours())
      if (!(await isGuestImageCurrent(flavour))) await buildGuestImage(flavour, reporter);
  });
}

async function isReady() {
  const answers = await Promise.all([
    areDebianPackagesInstalled(),
    areNpmPackagesInstalled(workspaceRoot),
    ...guestFlavours().map(isGuestImageCurrent),
  ]);
  return answers.every(Boolean);
}

function checkPlatform() {
  const major = Number.parseInt(process.versions.node, 10);
  if (major < oldestNode) {
    throw new SetupError(`Node ${process.versions.node} is too old, ${oldestNode} or newer is needed`);
  }
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new SetupError(`Hako runs on Linux on x86-64, this is ${process.platform} on ${process.arch}`);
  }
}

/**
 * Runs the main function of a script of this folder; a set-up that fails prints its one line and exits with 125.
 *
 * @param {() => Promise<number | void>} main - Returns the exit code, 0 if none.
 */
export async function runScript(main) {
  try {
    process.exitCode = (await main()) ?? 0;
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    process.stderr.write(`set-up: ${error.message}\n`);
    process.exitCode = setupFailedExitCode;
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await runScript(() => setUp());
