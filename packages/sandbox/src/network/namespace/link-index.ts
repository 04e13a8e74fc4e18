// SPDX-License-Identifier: Apache-2.0
import { randomInt } from 'node:crypto';

import { canAccess } from '../../can-access.ts';
import { SandboxError } from '../../sandbox-error.ts';
import { macvtapDevice } from './macvtap-link.ts';

/** Device files of all namespaces are in one directory, so numbers are drawn far from those that the kernel gives. */
const lowestIndex = 8_192;
const highestIndex = 0x1000000;
const indexAttempts = 128;

/**
 * Draws a number for a link that is made here. No macvtap on this host has it. Error: `network_failed`.
 * @param taken numbers of the links in the namespace
 */
export async function drawLinkIndex(taken: ReadonlySet<number>): Promise<number> {
  for (let attempt = 0; attempt < indexAttempts; attempt += 1) {
    const index = randomInt(lowestIndex, highestIndex);
    if (!taken.has(index) && !(await canAccess(macvtapDevice(index)))) return index;
  }
  throw new SandboxError('network_failed', 'no number is free for a link');
}
