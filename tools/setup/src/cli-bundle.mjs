// SPDX-License-Identifier: Apache-2.0
import {
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { readStamp, writeStamp } from './content-stamp.mjs';
import { workspaceCacheDir, workspaceRoot } from './locations.mjs';
import { SetupError } from './setup-error.mjs';

const bundlePath = join(workspaceCacheDir, 'cli.mjs');
const chunksDir = join(workspaceCacheDir, 'cli');
const stampPath = join(workspaceCacheDir, 'cli.json');

/** A program that runs still loads the chunks of its own bundle: those of an older one stay for so long. */
const keptChunksMs = 7 * 24 * 60 * 60 * 1000;

/**
 * Bundles the `hako` program of the work tree, when one of the files it is made of has changed: it starts in a fraction
 * of the time that its hundreds of modules take. What it loads later is in chunks beside it, so that a command reads
 * little more than it needs and finds all of that compiled in the cache that it keeps.
 *
 * @throws {SetupError} when it does not bundle.
 */
export async function ensureCliBundle() {
  const stamp = readStamp(stampPath);
  if (Array.isArray(stamp?.inputs) && fingerprint(stamp.inputs) === stamp.fingerprint) return;
  const { build } = await import('esbuild');
  const result = await build({
    entryPoints: { cli: join(workspaceRoot, 'packages/cli/src/main.ts') },
    outdir: workspaceCacheDir,
    outExtension: { '.js': '.mjs' },
    chunkNames: `${basename(chunksDir)}/[name]-[hash]`,
    absWorkingDir: workspaceRoot,
    bundle: true,
    splitting: true,
    write: false,
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
  writeBundle(result.outputFiles);
  const inputs = [
    ...Object.keys(result.metafile.inputs),
    'package-lock.json',
    'tools/setup/src/cli-bundle.mjs',
  ].sort();
  writeStamp(stampPath, { inputs, fingerprint: fingerprint(inputs) });
}

/** The chunks first: whoever starts meanwhile gets the old program or the new one, whole. @param {import('esbuild').OutputFile[]} files */
function writeBundle(files) {
  mkdirSync(chunksDir, { recursive: true });
  const now = new Date();
  const chunks = files.filter(({ path }) => path !== bundlePath);
  for (const { path, contents } of chunks) {
    // Its name says what is in it.
    if (existsSync(path)) utimesSync(path, now, now);
    else writeWhole(path, contents);
  }
  for (const { path, contents } of files) if (path === bundlePath) writeWhole(path, contents);
  for (const name of readdirSync(chunksDir)) {
    const path = join(chunksDir, name);
    if (now.getTime() - statSync(path).mtimeMs > keptChunksMs) rmSync(path);
  }
}

/** @param {string} path @param {Uint8Array} contents */
function writeWhole(path, contents) {
  const temporary = `${path}.${process.pid}`;
  writeFileSync(temporary, contents);
  renameSync(temporary, path);
}

/** Sizes and times of files; an absent one is of no size. @param {readonly string[]} inputs */
function fingerprint(inputs) {
  return [bundlePath, chunksDir, ...inputs.map((path) => join(workspaceRoot, path))]
    .map((path) => statSync(path, { throwIfNoEntry: false }))
    .map((file) => `${file?.size} ${file?.mtimeMs}`)
    .join();
}
