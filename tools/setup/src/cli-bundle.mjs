// SPDX-License-Identifier: Apache-2.0
import { mkdirSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { readStamp, writeStamp } from './content-stamp.mjs';
import { workspaceCacheDir, workspaceRoot } from './locations.mjs';
import { SetupError } from './setup-error.mjs';

const bundlePath = join(workspaceCacheDir, 'cli.mjs');
const stampPath = join(workspaceCacheDir, 'cli.json');

/**
 * Bundles the `hako` program of the work tree into one file, when one of the files it is made of has changed: one file
 * starts in a fraction of the time that its hundreds of modules take.
 *
 * @throws {SetupError} when it does not bundle.
 */
export async function ensureCliBundle() {
  const stamp = readStamp(stampPath);
  if (Array.isArray(stamp?.inputs) && fingerprint(stamp.inputs) === stamp.fingerprint) return;
  const { build } = await import('esbuild');
  mkdirSync(workspaceCacheDir, { recursive: true });
  const temporary = `${bundlePath}.${process.pid}`;
  const result = await build({
    entryPoints: [join(workspaceRoot, 'packages/cli/src/main.ts')],
    outfile: temporary,
    absWorkingDir: workspaceRoot,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node26',
    conditions: ['@hako/source'],
    // It has native parts, which are found from node_modules at run time.
    external: ['koffi'],
    // CommonJS packages inside of the bundle ask for Node's modules by require.
    banner: {
      js: "import * as bundleModule from 'node:module'; const require = bundleModule.createRequire(import.meta.url);",
    },
    metafile: true,
    logLevel: 'silent',
  }).catch((error) => {
    const [first] = error.errors ?? [];
    const place = first?.location ? `${first.location.file}:${first.location.line}: ` : '';
    throw new SetupError(`hako does not bundle: ${place}${first?.text ?? error.message}`);
  });
  const inputs = [
    ...Object.keys(result.metafile.inputs),
    'package-lock.json',
    'tools/setup/src/cli-bundle.mjs',
  ].sort();
  renameSync(temporary, bundlePath);
  writeStamp(stampPath, { inputs, fingerprint: fingerprint(inputs) });
}

/** Sizes and times of files; an absent one is of no size. @param {readonly string[]} inputs */
function fingerprint(inputs) {
  return [bundlePath, ...inputs.map((path) => join(workspaceRoot, path))]
    .map((path) => statSync(path, { throwIfNoEntry: false }))
    .map((file) => `${file?.size} ${file?.mtimeMs}`)
    .join();
}
