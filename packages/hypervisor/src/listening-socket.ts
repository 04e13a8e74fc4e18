// SPDX-License-Identifier: Apache-2.0
import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';

/** `__SO_ACCEPTCON` in the flags column of `/proc/net/unix`: the socket listens. */
const acceptsConnections = 0x10000;

/** How often the table is read; a read takes well below a millisecond. */
const pollIntervalMs = 2;

/**
 * Waits until somebody listens on a Unix socket, without connecting: some servers take exactly one connection.
 * @param path path of the socket, as it was bound
 * @param signal ends the wait, with an AbortError
 */
export async function untilListening(path: string, signal: AbortSignal): Promise<void> {
  while (!isListed(await readFile('/proc/net/unix', 'utf8'), path)) {
    await delay(pollIntervalMs, undefined, { signal });
  }
}

/**
 * Looks for a listening socket in the text of `/proc/net/unix`, see proc(5).
 * @param table the text
 * @param path path of the socket
 */
export function isListed(table: string, path: string): boolean {
  return table.split('\n').some((line) => {
    if (!line.endsWith(` ${path}`)) return false;
    const flags = line.split(/\s+/)[3];
    return flags !== undefined && (Number.parseInt(flags, 16) & acceptsConnections) !== 0;
  });
}
