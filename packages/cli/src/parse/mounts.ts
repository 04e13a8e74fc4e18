// SPDX-License-Identifier: Apache-2.0
import type { BlockVolume, ContainerMount, Volume } from '@hako/sandbox';

import { blockMountKeys, parseBlockMount } from './block-mount.ts';
import { guestMountKeys, parseBindMount, parseGuestMount } from './guest-mounts.ts';
import { splitMountWords, type MountWords } from './mount-words.ts';

/** What `--mount` takes, by type. */
const keysOfType: Readonly<Record<string, readonly string[]>> = {
  ...guestMountKeys,
  block: blockMountKeys,
};

/** Everything that `--mount` can ask for. */
export interface ParsedMounts {
  readonly volumes: readonly Volume[];
  readonly mounts: readonly ContainerMount[];
  readonly blockVolumes: readonly BlockVolume[];
}

/**
 * Understands all `--mount`. Error: `UsageError`.
 * @param texts the words of each
 */
export function parseMounts(texts: readonly string[]): ParsedMounts {
  const mounts = texts.map((text) => splitMountWords(text, keysOfType));
  const isOfHost = ({ type }: MountWords): boolean => type === 'block' || type === 'bind';
  return {
    volumes: mounts.filter(({ type }) => type === 'bind').map(parseBindMount),
    mounts: mounts.filter((mount) => !isOfHost(mount)).map(parseGuestMount),
    blockVolumes: mounts.filter(({ type }) => type === 'block').map(parseBlockMount),
  };
}
