// SPDX-License-Identifier: Apache-2.0
import { SandboxError } from '../sandbox-error.ts';

/** Where an image comes from. */
export type ImageReference =
  | { readonly kind: 'builtin'; readonly name: 'busybox' }
  | { readonly kind: 'bundle'; readonly directory: string }
  | { readonly kind: 'rootfs'; readonly directory: string }
  | { readonly kind: 'oci'; readonly location: string };

const remedy = 'use busybox, bundle:DIR, rootfs:DIR or oci:DIR[:TAG]';

/**
 * Reads an image reference: `busybox`, `bundle:DIR`, `rootfs:DIR` or `oci:DIR[:TAG]`. Error: `invalid_image`.
 * @param text the reference
 */
export function parseImageReference(text: string): ImageReference {
  if (text === 'busybox') return { kind: 'builtin', name: 'busybox' };
  const colon = text.indexOf(':');
  const kind = text.slice(0, Math.max(colon, 0));
  const rest = text.slice(colon + 1);
  if (kind === 'bundle' || kind === 'rootfs' || kind === 'oci') {
    if (rest === '')
      throw new SandboxError('invalid_image', `image ${JSON.stringify(text)} names no directory`, { remedy });
    return kind === 'oci' ? { kind, location: rest } : { kind, directory: rest };
  }
  throw new SandboxError('invalid_image', `unknown image ${JSON.stringify(text)}`, { remedy });
}
