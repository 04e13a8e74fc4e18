// SPDX-License-Identifier: Apache-2.0
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';

import type { Volume } from '@hako/sandbox';

import { UsageError } from '../usage-error.ts';

/**
 * Reads `SRC:DST[:ro|:rw]`; the source must exist. Error: {@link UsageError}.
 * @param text the volume
 */
export function parseVolume(text: string): Volume {
  const match = /^([^:]+):(\/[^:]*)(?::(ro|rw))?$/.exec(text);
  const [, source, destination, mode] = match ?? [];
  if (source === undefined || destination === undefined) {
    throw new UsageError(
      `volume ${JSON.stringify(text)} is not SRC:DST[:ro]`,
      'write a host path and an absolute container path',
    );
  }
  return { source: existingSource(source), destination, readOnly: mode === 'ro' };
}

/**
 * The absolute path of what a volume shows, which must exist. Error: {@link UsageError}.
 * @param source path on the host
 */
export function existingSource(source: string): string {
  const absolute = resolve(source);
  if (existsSync(absolute)) return absolute;
  throw new UsageError(`volume source ${absolute} does not exist`, 'create it first or correct the path');
}
