// SPDX-License-Identifier: Apache-2.0
import { createHash } from 'node:crypto';
import { basename } from 'node:path';

const maxNameLength = 32;

/**
 * The name of something made for one mount: unique in the sandbox, and telling a reader of the mount table what it is.
 * @param containerId the container
 * @param destination where in it
 * @param index the mount's place among the container's
 */
export function mountName(containerId: string, destination: string, index: number): string {
  const digest = createHash('sha256').update(`${index}:${destination}`).digest('hex').slice(0, 16);
  const name = basename(destination)
    .replaceAll(/[^\w.-]/g, '_')
    .slice(0, maxNameLength);
  return `${containerId}-${digest}-${name === '' ? 'root' : name}`;
}
