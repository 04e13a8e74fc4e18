// SPDX-License-Identifier: Apache-2.0
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { GuestImageError } from './guest-image-error.ts';

/** Name of the manifest in an asset directory. */
export const manifestFileName = 'manifest.json';

/** Name, in the guest folder of the cache, of the file that says which assets are in use. */
export const currentFileName = 'current.json';

/** Version of both files' shape; a reader refuses any other. */
export const manifestVersion = 1;

const assetSchema = z.strictObject({
  /** File name in the manifest's own directory. */
  name: z.string().min(1),
  sha256: z.string().length(64),
  bytes: z.int().positive(),
});

const manifestSchema = z.strictObject({
  version: z.literal(manifestVersion),
  digest: z.string().length(64),
  kernelRelease: z.string().min(1),
  imageFstype: z.literal('erofs'),
  kernel: assetSchema,
  initrd: assetSchema,
  image: assetSchema,
});

/** What `manifest.json` holds: the same for the same inputs, wherever and whenever built. */
export type Manifest = z.infer<typeof manifestSchema>;

const guestAssetsSchema = z.strictObject({
  version: z.literal(manifestVersion),
  /** Digest of everything the assets are made from. */
  digest: z.string().length(64),
  /** `uname -r` in the guest. */
  kernelRelease: z.string().min(1),
  /** Uncompressed ELF kernel with a PVH entry, or a bzImage. Absolute, as all paths here. */
  kernelPath: z.string().startsWith('/'),
  initrdPath: z.string().startsWith('/'),
  /** Read-only root image, for the VM's first virtio disk. */
  imagePath: z.string().startsWith('/'),
  imageFstype: z.literal('erofs'),
});

/** What `current.json` holds: guest assets ready to boot. */
export type GuestAssets = z.infer<typeof guestAssetsSchema>;

/**
 * Reads `current.json`.
 *
 * Errors: `manifest_invalid` when the file is absent, no JSON, of another version, or when a field is wrong.
 */
export async function readGuestAssets(path: string): Promise<GuestAssets> {
  return readJson(path, guestAssetsSchema);
}

/** Reads the manifest of an asset directory. Errors: `manifest_invalid`. */
export async function readManifest(path: string): Promise<Manifest> {
  return readJson(path, manifestSchema);
}

async function readJson<Shape extends z.ZodType>(path: string, schema: Shape): Promise<z.infer<Shape>> {
  try {
    return schema.parse(JSON.parse(await readFile(path, 'utf8')));
  } catch (error) {
    throw new GuestImageError('manifest_invalid', `no usable guest manifest: ${path}`, { cause: error });
  }
}
