// SPDX-License-Identifier: Apache-2.0
import { isAbsolute, normalize } from 'node:path';
import type { OciMount } from '@hako/protocols';
import { AgentError } from '../errors/agent-error.ts';

/** Files of procfs that may be covered, as container managers do to show limits instead of the machine's values. */
const coverable = new Set(
  ['cpuinfo', 'diskstats', 'meminfo', 'stat', 'swaps', 'uptime', 'loadavg', 'net/dev'].map(
    (name) => `/proc/${name}`,
  ),
);

/**
 * Checks where mounts of a container go.
 *
 * @throws AgentError `invalid_spec` for a destination that is relative, leads upwards or hides a part of `/proc`
 */
export function checkMounts(mounts: readonly OciMount[]): void {
  for (const { destination } of mounts) {
    const fail = (reason: string) =>
      new AgentError('invalid_spec', `mount destination ${JSON.stringify(destination)} ${reason}`, {
        operand: destination,
      });
    if (!isAbsolute(destination)) throw fail('is not absolute');
    if (destination.split('/').includes('..')) throw fail('leads upwards');
    const path = normalize(destination).replace(/(.)\/+$/, '$1');
    if (path.startsWith('/proc/') && !coverable.has(path)) throw fail('hides a part of /proc');
  }
}
