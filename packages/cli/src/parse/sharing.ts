// SPDX-License-Identifier: Apache-2.0
import type { SharingKind, SharingOptions } from '@hako/sandbox';

import { UsageError } from '../usage-error.ts';

/** The words, ours and those of Kata's configuration. */
const kinds: ReadonlyMap<string, SharingKind> = new Map([
  ['virtio-fs', 'virtio-fs'],
  ['9p', '9p'],
  ['virtio-9p', '9p'],
  ['none', 'none'],
]);

/**
 * Reads how files are shared. Error: {@link UsageError}.
 * @param text `virtio-fs`, `9p` or `none`; undefined when nothing is said
 */
export function parseSharing(text: string | undefined): SharingOptions {
  if (text === undefined) return {};
  const sharing = kinds.get(text);
  if (sharing !== undefined) return { sharing };
  throw new UsageError(
    `files cannot be shared by ${JSON.stringify(text)}`,
    'use virtio-fs, 9p or none (copies)',
  );
}
