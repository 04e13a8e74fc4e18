// SPDX-License-Identifier: Apache-2.0
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileTree } from './file-tree.ts';
import type { FileTree } from './file-tree.ts';
import { runTool } from './run-tool.ts';

/**
 * Writes a file tree as an uncompressed erofs image: owner root, all times zero, identity taken from the digest, so
 * that the same tree gives the same bytes. Uncompressed, because the guest's processor may be emulated while the
 * host's disk cache is not.
 *
 * Errors: `tool_failed`.
 *
 * @param options.stagingDir - Empty directory for the unpacked tree, on any file system.
 * @param options.digest - At least 32 hexadecimal digits that identify the content.
 */
export async function writeRootImage(options: {
  tree: FileTree;
  imagePath: string;
  stagingDir: string;
  digest: string;
  signal?: AbortSignal | undefined;
}): Promise<void> {
  const staged = join(options.stagingDir, 'root');
  await mkdir(staged);
  await writeFileTree(options.tree, staged);
  const identity = ['-T0', '-U', uuidFromDigest(options.digest), '--all-root'];
  await runTool('mkfs.erofs', [...identity, options.imagePath, staged], { signal: options.signal });
}

/** RFC 9562 version 8: bits of the application's own choice. */
export function uuidFromDigest(digest: string): string {
  const digits = `${digest.slice(0, 12)}8${digest.slice(13, 16)}8${digest.slice(17, 32)}`;
  return digits.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
