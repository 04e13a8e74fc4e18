// SPDX-License-Identifier: Apache-2.0
import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { join } from 'node:path';

import type { ContainerImage } from '../image/container-image.ts';
import { cachedDirectory } from '../image/image-cache.ts';
import { runTool } from '../run-tool.ts';
import { SandboxError } from '../sandbox-error.ts';
import { treeDigest } from './tree-digest.ts';

/** Raised whenever images are made differently. */
const layoutVersion = 1;

/** Large images take a while on a slow disk. */
const buildTimeoutMs = 10 * 60_000;

/**
 * Inodes that hold a time of their own, and no checksum, so that the superblock can be touched. Times of files stay: Python,
 * for one, compares them.
 */
const formatOptions = ['--quiet', '-d0', '--preserve-mtime', '-Eforce-inode-extended,nosbcrc'];

/** Where the superblock holds when it was made: seconds and nanoseconds. Source: fs/erofs/erofs_fs.h of the kernel. */
const buildTimeOffset = 1024 + 24;
const buildTimeBytes = 12;

/** How an image is made. */
export interface ErofsOptions {
  readonly cacheDirectory: string;
  readonly signal: AbortSignal | undefined;
}

/**
 * The root file system of an image as a file that a guest mounts: erofs, made once per content and kept in the cache. The same
 * tree gives the same bytes. Errors: `tool_missing`, `tool_failed`, `invalid_image` when the tree changes meanwhile,
 * `aborted`, `timeout`.
 * @param image the image
 * @param options where the cache is
 */
export async function erofsImage(image: ContainerImage, options: ErofsOptions): Promise<string> {
  const { cacheDirectory, signal } = options;
  const content = image.contentKey ?? (await treeDigest(image.rootfs, signal));
  const digest = createHash('sha256').update(`layout ${layoutVersion}\n${content}`).digest('hex');
  const directory = await cachedDirectory(cacheDirectory, `erofs-${digest.slice(0, 32)}`, async (target) => {
    await makeErofs(image.rootfs, join(target, imageName), { digest, signal });
    if (image.contentKey !== undefined || (await treeDigest(image.rootfs, signal)) === content) return;
    throw new SandboxError('invalid_image', `${image.rootfs} changed while an image was made of it`, {
      remedy: 'run it again when nothing writes to it',
    });
  });
  return join(directory, imageName);
}

const imageName = 'rootfs.erofs';

/**
 * Writes a tree as an erofs image. Errors: `tool_missing`, `tool_failed`, `aborted`, `timeout`.
 * @param tree a directory
 * @param path the file to be written
 * @param options `digest` of the content gives the file system its identity
 */
export async function makeErofs(
  tree: string,
  path: string,
  { digest, signal }: { readonly digest: string; readonly signal: AbortSignal | undefined },
): Promise<void> {
  const uuid = digest.slice(0, 32).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
  try {
    await runTool('mkfs.erofs', [...formatOptions, '-U', uuid, path, tree], {
      signal,
      timeoutMs: buildTimeoutMs,
    });
  } catch (error) {
    if (!(error instanceof SandboxError) || error.code !== 'tool_missing') throw error;
    throw new SandboxError('tool_missing', 'mkfs.erofs is not installed', {
      cause: error,
      remedy: 'install it with `apt-get install erofs-utils`, or share the root file system',
    });
  }
  await clearBuildTime(path);
}

async function clearBuildTime(path: string): Promise<void> {
  const file = await open(path, 'r+');
  try {
    await file.write(Buffer.alloc(buildTimeBytes), 0, buildTimeBytes, buildTimeOffset);
  } finally {
    await file.close();
  }
}
