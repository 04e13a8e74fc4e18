// SPDX-License-Identifier: Apache-2.0
import { readFile } from 'node:fs/promises';

import { parseMountTable } from '../mount-table.ts';
import { SandboxError } from '../sandbox-error.ts';
import type { HostNode } from './host-node.ts';

/**
 * Refuses a disk that the host itself has mounted: two kernels that do not know of each other would destroy what is on
 * it. Error: `invalid_options`.
 * @param node the disk
 */
export async function refuseMounted({
  kind,
  path,
  major,
  minor,
}: Pick<HostNode, 'kind' | 'path' | 'major' | 'minor'>): Promise<void> {
  if (kind !== 'block') return;
  const mounts = parseMountTable(await readFile('/proc/self/mountinfo', 'utf8'));
  const mount = mounts.find(({ device }) => device === `${major}:${minor}`);
  if (mount === undefined) return;
  throw new SandboxError('invalid_options', `${path} is mounted on the host at ${mount.path}`, {
    remedy: 'unmount it, or give it read-only',
  });
}
