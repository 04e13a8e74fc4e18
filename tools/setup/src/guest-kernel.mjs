// SPDX-License-Identifier: Apache-2.0
import { mkdir, mkdtemp, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { aptGet, sudoPrefix } from './debian-packages.mjs';
import { failureLine, runProgram } from './run-program.mjs';
import { SetupError } from './setup-error.mjs';

/** @typedef {import('./reporter.mjs').Reporter} Reporter */

/**
 * Finds the newest kernel package that was downloaded before.
 *
 * @param {string} cacheDir - Guest folder of the cache.
 * @returns {Promise<string | undefined>}
 */
export async function findKernelPackage(cacheDir) {
  const directory = join(cacheDir, 'packages');
  const names = (await readdir(directory).catch(() => [])).filter((name) =>
    /^linux-image-.*\.deb$/.test(name),
  );
  const aged = await Promise.all(
    names.map(async (name) => ({
      path: join(directory, name),
      timeMs: (await stat(join(directory, name))).mtimeMs,
    })),
  );
  return aged.sort((a, b) => b.timeMs - a.timeMs)[0]?.path;
}

/**
 * Downloads the guest's kernel package into the cache, once. It is unpacked there later and never installed.
 *
 * @param {import('./guest-flavours.mjs').GuestFlavour} flavour
 * @param {Reporter} reporter
 * @returns {Promise<string>} - Path of the package.
 * @throws {SetupError} when apt cannot provide it.
 */
export async function ensureKernelPackage({ name: guest, metaPackage, cacheDir }, reporter) {
  const present = await findKernelPackage(cacheDir);
  if (present !== undefined) return present;
  const title = `downloading the kernel of the ${guest} (not installed on this machine)`;
  return reporter.step(title, async (detail) => {
    const name = (await resolveKernel(metaPackage)) ?? (await updateAndResolve(metaPackage, detail));
    if (name === undefined) throw new SetupError(`apt knows no package that ${metaPackage} depends on`);
    const directory = join(cacheDir, 'packages');
    await mkdir(directory, { recursive: true });
    const temporary = await mkdtemp(join(directory, '.download-'));
    try {
      const words = ['--quiet', '-o', 'APT::Sandbox::User=root', 'download', name];
      let result = await runProgram('apt-get', words, { cwd: temporary, onLine: detail });
      if (result.code !== 0) {
        // The lists may name a version that the mirror no longer has.
        const newest = await updateAndResolve(metaPackage, detail);
        result = await runProgram('apt-get', [...words.slice(0, -1), newest ?? name], {
          cwd: temporary,
          onLine: detail,
        });
      }
      const file = (await readdir(temporary)).find((entry) => entry.endsWith('.deb'));
      if (result.code !== 0 || file === undefined) {
        throw new SetupError(`apt-get could not download ${name}: ${failureLine(result)}`);
      }
      const path = join(directory, file);
      await rename(join(temporary, file), path);
      return path;
    } finally {
      await rm(temporary, { recursive: true, force: true });
    }
  });
}

/** @param {string} metaPackage @returns {Promise<string | undefined>} */
async function resolveKernel(metaPackage) {
  const { stdout } = await runProgram('apt-cache', ['depends', metaPackage]);
  return /^\s*Depends: (linux-image-\S+)$/m.exec(stdout)?.[1];
}

/** @param {string} metaPackage @param {(line: string) => void} detail */
async function updateAndResolve(metaPackage, detail) {
  const prefix = process.getuid?.() === 0 ? [] : await sudoPrefix();
  if (prefix === undefined) throw new SetupError('package lists are out of date: run apt-get update as root');
  await aptGet(prefix, ['update'], detail);
  return resolveKernel(metaPackage);
}
