// SPDX-License-Identifier: Apache-2.0
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { gunzipSync, zstdDecompressSync } from 'node:zlib';
import { GuestImageError } from './guest-image-error.ts';
import { extractKernel } from './kernel-image.ts';
import { parseModuleDependencies, selectBootModules, selectImageModules } from './kernel-modules.ts';
import { runTool } from './run-tool.ts';
import { createTemporaryDirectory } from './temporary-directory.ts';

/** Raised when the layout or the selection of a prepared kernel changes. */
const preparationVersion = 4;

/** A kernel package made ready: the kernel as the VM boots it and the selected modules, unpacked. */
export interface PreparedKernel {
  /** Directory with `vmlinux` and `lib/modules/RELEASE` as in the root image. */
  readonly directory: string;
  /** Digest of the package and of the way it was prepared. */
  readonly digest: string;
  /** Kernel release, as `uname -r` in the guest. */
  readonly release: string;
  /** Module paths below `lib/modules/RELEASE` that the initramfs loads, in order. */
  readonly bootModules: readonly string[];
}

/**
 * Unpacks a Debian kernel package (never installs it) into `kernels/DIGEST` of the cache, once.
 *
 * Errors: `tool_failed`, `kernel_unusable`.
 */
export async function prepareKernel(options: {
  packagePath: string;
  cacheDir: string;
  signal?: AbortSignal | undefined;
}): Promise<PreparedKernel> {
  const digest = createHash('sha256')
    .update(`prepared kernel ${preparationVersion}\n`)
    .update(await readFile(options.packagePath))
    .digest('hex');
  const kernels = join(options.cacheDir, 'kernels');
  const directory = join(kernels, digest.slice(0, 32));
  const prepared = await stat(directory).catch(() => undefined);
  if (prepared === undefined) {
    await mkdir(kernels, { recursive: true });
    await using temporary = await createTemporaryDirectory(kernels);
    const result = join(temporary.path, 'prepared');
    await unpackSelected(options.packagePath, join(temporary.path, 'package'), result, options.signal);
    await rename(result, directory).catch(async (error: unknown) => {
      if ((await stat(directory).catch(() => undefined)) === undefined) throw error;
    });
  }
  return describe(directory, digest);
}

async function describe(directory: string, digest: string): Promise<PreparedKernel> {
  const release = await findRelease(directory);
  const dependencies = await readFile(join(directory, 'lib/modules', release, 'modules.dep'), 'utf8');
  return {
    directory,
    digest,
    release,
    bootModules: selectBootModules(parseModuleDependencies(dependencies)),
  };
}

async function unpackSelected(
  packagePath: string,
  unpacked: string,
  result: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  await runTool('dpkg-deb', ['--extract', packagePath, unpacked], { signal });
  // Newer Debian packages keep modules in /usr/lib; depmod looks into lib below its base directory.
  await symlink('usr/lib', join(unpacked, 'lib')).catch(() => undefined);
  const release = await findRelease(unpacked);
  await runTool('depmod', ['--basedir', unpacked, release], { signal });

  const source = join(unpacked, 'lib/modules', release);
  const target = join(result, 'lib/modules', release);
  const dependencies = parseModuleDependencies(await readFile(join(source, 'modules.dep'), 'utf8'));
  for (const path of selectImageModules(dependencies)) {
    const destination = join(target, path.replace(/\.(xz|zst|gz)$/, ''));
    await mkdir(dirname(destination), { recursive: true });
    await writeFile(destination, await readModule(join(source, path)));
  }
  for (const list of ['modules.builtin', 'modules.builtin.modinfo', 'modules.order']) {
    await writeFile(join(target, list), await readFile(join(source, list)));
  }
  await runTool('depmod', ['--basedir', result, release], { signal });
  await writeFile(
    join(result, 'vmlinux'),
    extractKernel(await readFile(join(unpacked, `boot/vmlinuz-${release}`))),
  );
}

/** The kernel can only load a packed module when it knows the packing; busybox knows none. So they are unpacked here. */
async function readModule(path: string): Promise<Buffer | string> {
  if (path.endsWith('.ko')) return readFile(path);
  if (path.endsWith('.gz')) return gunzipSync(await readFile(path));
  if (path.endsWith('.zst')) return zstdDecompressSync(await readFile(path));
  await runTool('xz', ['--decompress', '--keep', path]);
  return readFile(path.replace(/\.xz$/, ''));
}

async function findRelease(directory: string): Promise<string> {
  const releases = await readdir(join(directory, 'lib/modules')).catch(() => []);
  const [release] = releases;
  if (release === undefined || releases.length !== 1) {
    throw new GuestImageError(
      'kernel_unusable',
      `kernel package holds ${releases.length} kernels, expected one`,
    );
  }
  return release;
}

/** Removes prepared kernels other than the given one that nothing has used for a month. */
export async function pruneKernels(cacheDir: string, keep: PreparedKernel, nowMs: number): Promise<void> {
  const kernels = join(cacheDir, 'kernels');
  const monthMs = 30 * 24 * 3600 * 1000;
  for (const name of await readdir(kernels)) {
    const path = join(kernels, name);
    const age = nowMs - (await stat(path)).mtimeMs;
    if (path !== keep.directory && age > monthMs) await rm(path, { recursive: true, force: true });
  }
}
