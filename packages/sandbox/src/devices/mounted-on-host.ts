// SPDX-License-Identifier: Apache-2.0
import { readFile } from 'node:fs/promises';

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
  const table = await readFile('/proc/self/mountinfo', 'utf8');
  // The third field is the number of the device, see proc(5).
  const line = table.split('\n').find((entry) => entry.split(' ')[2] === `${major}:${minor}`);
  if (line === undefined) return;
  throw new SandboxError('invalid_options', `${path} is mounted on the host at ${line.split(' ')[4] ?? ''}`, {
    remedy: 'unmount it, or give it read-only',
  });
}
