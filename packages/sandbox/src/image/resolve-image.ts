// SPDX-License-Identifier: Apache-2.0
import { throwIfAborted } from '../deadline.ts';
import { bundleImage, rootfsImage } from './directory-images.ts';
import type { ContainerImage } from './container-image.ts';
import { resolveCacheDirectory } from './image-cache.ts';
import { parseImageReference } from './image-reference.ts';

/** How an image is resolved. */
export interface ResolveImageOptions {
  /** Where unpacked images are kept; default `HAKO_CACHE_DIR`, else `~/.cache/hako`. */
  readonly cacheDirectory?: string;
  /** Ends the work with code `aborted`; nothing half-made stays. */
  readonly signal?: AbortSignal;
}

/**
 * Finds an image and makes it ready to run: `busybox` (built in), `bundle:DIR`, `rootfs:DIR`, `oci:DIR[:TAG]`.
 * Errors: `invalid_image`, `tool_missing`, `tool_failed`, `aborted`, `timeout`.
 * @param reference the image
 * @param options limits and places
 */
export async function resolveImage(
  reference: string,
  options: ResolveImageOptions = {},
): Promise<ContainerImage> {
  const { signal } = options;
  const cacheDirectory = resolveCacheDirectory(options.cacheDirectory);
  throwIfAborted(signal);
  const parsed = parseImageReference(reference);
  switch (parsed.kind) {
    case 'builtin': {
      const { builtinBusybox } = await import('./builtin-busybox.ts');
      return builtinBusybox({ cacheDirectory, signal });
    }
    case 'bundle':
      return bundleImage(parsed.directory);
    case 'rootfs':
      return rootfsImage(parsed.directory);
    case 'oci': {
      const { ociImage } = await import('./oci-image.ts');
      return ociImage(parsed.location, { cacheDirectory, signal });
    }
  }
}
