// SPDX-License-Identifier: Apache-2.0
import { createHash } from 'node:crypto';
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { compileAgentCache } from './agent-code-cache.ts';
import { assetFileNames, findAssets, publishAssets, pruneAssets, storeAssets } from './asset-cache.ts';
import { encodeCpio } from './cpio-archive.ts';
import { digestFileTree, FileTreeBuilder } from './file-tree.ts';
import type { FileTree } from './file-tree.ts';
import { compileInitramfsInit } from './init-program.ts';
import { bundleForGuest } from './guest-bundle.ts';
import type { GuestAssets } from './manifest.ts';
import { prepareKernel, pruneKernels } from './prepared-kernel.ts';
import type { PreparedKernel } from './prepared-kernel.ts';
import { listOptionalParts } from './optional-parts.ts';
import { writeRootImage } from './root-image.ts';
import { assembleRootTree } from './root-tree.ts';
import type { AgentFiles } from './root-tree.ts';
import { runTool } from './run-tool.ts';
import { createTemporaryDirectory } from './temporary-directory.ts';

/** Raised when the same inputs shall give other images. */
const builderVersion = 1;

/** What guest assets are made of. */
export interface BuildOptions {
  /** Guest folder of the cache; created when absent. */
  readonly cacheDir: string;
  /** Debian kernel package: that for virtual machines (`linux-image-*-cloud-amd64_*.deb`) or the full one. */
  readonly kernelPackagePath: string;
  /** The Node binary that runs in the guest. */
  readonly nodePath: string;
  /** Main file of the agent. */
  readonly agentEntry: string;
  /** Root of the work tree. */
  readonly workspaceRoot: string;
  /** Told before each slow step. */
  readonly onProgress?: (step: string) => void;
  /** Abort leaves no temporary file and no half-made asset behind. */
  readonly signal?: AbortSignal;
}

/**
 * Builds kernel, initramfs and root image, or finds them in the cache, and makes them the current ones.
 *
 * The same inputs give the same bytes: no time, no owner, no path of the build host enters.
 *
 * Errors: {@link GuestImageError} with `tool_failed`, `input_missing`, `kernel_unusable` or `agent_broken`.
 */
export async function buildGuestAssets(options: BuildOptions): Promise<GuestAssets> {
  const { cacheDir, signal, onProgress = () => undefined } = options;
  await mkdir(cacheDir, { recursive: true });
  onProgress('bundling the agent');
  const agent = await prepareAgent(options);
  onProgress('unpacking the guest kernel');
  const kernel = await prepareKernel({ packagePath: options.kernelPackagePath, cacheDir, signal });
  const rootTree = await assembleRootTree({ kernel, nodePath: options.nodePath, agent, signal });
  const initramfsTree = await assembleInitramfsTree(kernel);
  const digest = await digestInputs(kernel, [rootTree, initramfsTree]);

  const manifest =
    (await findAssets(cacheDir, digest)) ??
    (await storeAssets({
      cacheDir,
      digest,
      kernelRelease: kernel.release,
      write: async (directory) => {
        onProgress('writing the root image');
        await copyFile(join(kernel.directory, 'vmlinux'), join(directory, assetFileNames.kernel));
        await writeFile(join(directory, assetFileNames.initrd), encodeCpio(initramfsTree));
        await using staging = await createTemporaryDirectory(cacheDir);
        const imagePath = join(directory, assetFileNames.image);
        await writeRootImage({ tree: rootTree, imagePath, stagingDir: staging.path, digest, signal });
      },
    }));
  const current = await publishAssets(cacheDir, manifest);
  await pruneAssets(cacheDir);
  await pruneKernels(cacheDir, kernel, Date.now());
  return current;
}

async function prepareAgent(options: BuildOptions): Promise<AgentFiles> {
  const { nodePath, cacheDir, workspaceRoot, signal } = options;
  const code = await bundleForGuest(options.agentEntry, workspaceRoot);
  const boot = await bundleForGuest(join(import.meta.dirname, 'guest/boot.ts'), workspaceRoot);
  const cache = await compileAgentCache({ nodePath, agentCode: code, parentDir: cacheDir, signal });
  const parts = await listOptionalParts(options.agentEntry);
  const optionalParts = await Promise.all(
    parts.map(async ({ path, entry }) => ({ path, code: await bundleForGuest(entry, workspaceRoot) })),
  );
  return { code, cache, boot, optionalParts };
}

/** The kernel's built-in initramfs brings `/dev/console` and `/root`; ours needs only its first program. */
async function assembleInitramfsTree(kernel: PreparedKernel): Promise<FileTree> {
  const folder = join(kernel.directory, 'lib/modules', kernel.release);
  const modules = await Promise.all(kernel.bootModules.map((path) => readFile(join(folder, path))));
  return new FileTreeBuilder()
    .directory('dev')
    .directory('root')
    .file('init', compileInitramfsInit(modules, 'erofs'), 0o755)
    .build();
}

/** Everything that can change a byte of the assets; the tool that lays out the image is one of these things. */
async function digestInputs(kernel: PreparedKernel, trees: readonly FileTree[]): Promise<string> {
  const mkfsVersion = await runTool('mkfs.erofs', ['--help']).catch(() => 'unknown');
  const hash = createHash('sha256').update(
    `guest assets ${builderVersion}\n${kernel.digest}\n${mkfsVersion}\n`,
  );
  for (const tree of trees) hash.update(`${digestFileTree(tree)}\n`);
  return hash.digest('hex');
}
