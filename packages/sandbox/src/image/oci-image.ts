// SPDX-License-Identifier: Apache-2.0
import { join, resolve } from 'node:path';

import { runTool } from '../run-tool.ts';
import { SandboxError } from '../sandbox-error.ts';
import type { ContainerImage } from './container-image.ts';
import { cachedDirectory, isDirectory } from './image-cache.ts';
import { readLayout } from './oci-layout.ts';

/** Large images take a while on a slow disk. */
const unpackTimeoutMs = 10 * 60_000;

/**
 * The image `oci:DIR[:TAG]`: unpacked by umoci, once per manifest, and kept under the manifest's digest.
 * Errors: `invalid_image`, `tool_missing`, `tool_failed`, `aborted`, `timeout`.
 * @param location `DIR[:TAG]`
 * @param options where the cache is
 */
export async function ociImage(
  location: string,
  options: { readonly cacheDirectory: string; readonly signal: AbortSignal | undefined },
): Promise<ContainerImage> {
  const { directory, tag } = await splitLocation(location);
  const image = await readLayout(directory, tag);
  const bundle = await cachedDirectory(
    options.cacheDirectory,
    `oci-${image.manifestDigest}`,
    async (target) => {
      const args = ['unpack', '--image', `${directory}:${image.tag}`, join(target, 'bundle')];
      await runTool('umoci', args, { signal: options.signal, timeoutMs: unpackTimeoutMs });
    },
  );
  return {
    reference: `oci:${location}`,
    rootfs: join(bundle, 'bundle', 'rootfs'),
    contentKey: `oci-${image.manifestDigest}`,
    readOnly: false,
    command: [...image.entrypoint, ...image.cmd],
    entrypoint: image.entrypoint,
    env: image.env,
    cwd: image.workingDirectory === '' ? '/' : image.workingDirectory,
    user: image.user,
  };
}

/** A directory whose own name holds a colon wins over the reading as a tag. */
async function splitLocation(location: string): Promise<{ directory: string; tag: string | undefined }> {
  if (await isDirectory(location)) return { directory: resolve(location), tag: undefined };
  const colon = location.lastIndexOf(':');
  const directory = colon > 0 ? location.slice(0, colon) : location;
  if (!(await isDirectory(directory))) {
    throw new SandboxError('invalid_image', `OCI layout ${directory} does not exist`, {
      remedy: 'check the path',
    });
  }
  return { directory: resolve(directory), tag: location.slice(colon + 1) };
}
