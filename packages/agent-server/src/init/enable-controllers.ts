// SPDX-License-Identifier: Apache-2.0
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Logger } from '../logging/logger.ts';

/**
 * Lets groups below the root have every controller there is. Without it a container's group could not limit anything.
 * Source: cgroup-v2.rst, "Controlling Controllers".
 *
 * @param root - mount point of cgroup v2
 */
export function enableControllers(root: string, logger: Logger): void {
  const controllers = readFileSync(join(root, 'cgroup.controllers'), 'utf8').trim().split(/\s+/);
  const request = controllers.filter((name) => name !== '').map((name) => `+${name}`);
  const file = join(root, 'cgroup.subtree_control');
  try {
    writeFileSync(file, request.join(' '));
  } catch {
    // One that cannot be had takes the others with it, so each is tried alone.
    for (const word of request) {
      try {
        writeFileSync(file, word);
      } catch (error) {
        logger.warn({ error, controller: word.slice(1) }, 'cgroup controller cannot be enabled');
      }
    }
  }
}
