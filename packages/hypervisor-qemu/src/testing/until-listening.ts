// SPDX-License-Identifier: Apache-2.0
import { readFile } from 'node:fs/promises';
import { expect } from 'vitest';

/** `__SO_ACCEPTCON` in the flags of a row of `/proc/net/unix`, see proc_net_unix(5). */
const listeningFlags = '00010000';

/**
 * Waits until somebody listens at a unix socket. Its file is there before that, and a server that takes one connection alone
 * would take one that only looks.
 * @param path the path by which it was bound
 */
export async function untilListening(path: string): Promise<void> {
  const isListening = async (): Promise<boolean> => {
    const rows = (await readFile('/proc/net/unix', 'utf8')).split('\n');
    return rows.some((row) => row.endsWith(` ${path}`) && row.split(/\s+/)[3] === listeningFlags);
  };
  await expect.poll(isListening, { timeout: 30_000 }).toBe(true);
}
