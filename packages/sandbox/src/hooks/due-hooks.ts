// SPDX-License-Identifier: Apache-2.0
import { dirname, resolve } from 'node:path';

import type { OciHook, OciSpec } from '@hako/protocols';

import type { ContainerImage } from '../image/container-image.ts';

/** Hooks that another owner of a container has to run, and what they are told; JSON data, from the host alone. */
export interface DueHooks {
  readonly ociVersion: string;
  readonly annotations?: Readonly<Record<string, string>>;
  /** Directory of the bundle. */
  readonly bundle: string;
  readonly poststart: readonly OciHook[];
  readonly poststop: readonly OciHook[];
}

/**
 * Picks the hooks that are due after a container was created.
 * @param image its image
 * @param spec its specification
 * @returns undefined if there are none
 */
export function dueHooks(
  image: Pick<ContainerImage, 'bundle' | 'rootfs'>,
  { ociVersion, annotations, hooks: { poststart = [], poststop = [] } = {} }: OciSpec,
): DueHooks | undefined {
  if (poststart.length + poststop.length === 0) return undefined;
  return {
    ...{ ociVersion, bundle: resolve(hookDirectory(image)) },
    ...(annotations && { annotations }),
    poststart: poststart.map(withoutBigNumbers),
    poststop: poststop.map(withoutBigNumbers),
  };
}

/**
 * Where hooks of an image start.
 * @param image the image
 */
export function hookDirectory({ bundle, rootfs }: Pick<ContainerImage, 'bundle' | 'rootfs'>): string {
  return bundle ?? dirname(rootfs);
}

/** JSON has no big integers, and no hook has that much time. */
function withoutBigNumbers({ timeout, ...hook }: OciHook): OciHook {
  return timeout === undefined ? hook : { ...hook, timeout: Number(timeout) };
}
