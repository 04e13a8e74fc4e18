// SPDX-License-Identifier: Apache-2.0
import { existsSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { contentDigest, readStamp, writeStamp } from './content-stamp.mjs';
import { ensureKernelPackage, findKernelPackage } from './guest-kernel.mjs';
import { ownNodePath, workspaceRoot } from './locations.mjs';
import { failureLine, runProgram } from './run-program.mjs';
import { SetupError } from './setup-error.mjs';

/** @typedef {import('./reporter.mjs').Reporter} Reporter */

/** All that goes into the guest image from the work tree. */
const sources = [
  'tools/guest-image/src',
  'packages/agent-server/src',
  'packages/linux/src',
  'packages/protocols/src',
  'packages/ttrpc/src',
  'package-lock.json',
];

/** @typedef {import('./guest-flavours.mjs').GuestFlavour} GuestFlavour */

/**
 * Whether the guest image in use was made from the present sources, packages of this machine and kernel.
 *
 * @param {GuestFlavour} flavour
 */
export async function isGuestImageCurrent({ cacheDir, stampPath }) {
  const stamp = readStamp(stampPath);
  const current = readStamp(join(cacheDir, 'current.json'));
  if (stamp === undefined || current === undefined || stamp.digest !== current.digest) return false;
  if (![current.kernelPath, current.initrdPath, current.imagePath].every((path) => existsSync(String(path))))
    return false;
  return stamp.inputs === digestInputs(await findKernelPackage(cacheDir));
}

/**
 * Builds the guest image, after downloading the kernel where it is missing.
 *
 * @param {GuestFlavour} flavour
 * @param {Reporter} reporter
 * @throws {SetupError}
 */
export async function buildGuestImage(flavour, reporter) {
  const { name, cacheDir, stampPath } = flavour;
  const kernelPackage = await ensureKernelPackage(flavour, reporter);
  await reporter.step(`building the image of the ${name}`, async (detail) => {
    const builder = join(workspaceRoot, 'tools/guest-image/src/main.ts');
    const words = ['--cache-dir', cacheDir, '--kernel-package', kernelPackage];
    const flags = ['--conditions=@hako/source', '--disable-warning=ExperimentalWarning'];
    const result = await runProgram(ownNodePath, [...flags, builder, ...words], { onLine: detail });
    if (result.code !== 0) throw new SetupError(`guest image not built: ${failureLine(result)}`);
  });
  const current = readStamp(join(cacheDir, 'current.json'));
  writeStamp(stampPath, { digest: current?.digest, inputs: digestInputs(kernelPackage) });
}

/**
 * Programs and libraries of this machine go in too; when any package changes, the builder has to look, and finds by
 * content whether there is something to build.
 *
 * @param {string | undefined} kernelPackage
 */
function digestInputs(kernelPackage) {
  const installed = statSync('/var/lib/dpkg/status', { throwIfNoEntry: false });
  const words = [kernelPackage ? basename(kernelPackage) : '', `${installed?.mtimeMs} ${installed?.size}`];
  return contentDigest(workspaceRoot, sources, words);
}
