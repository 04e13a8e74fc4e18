// SPDX-License-Identifier: Apache-2.0
import { rename, writeFile } from 'node:fs/promises';

/**
 * Writes a file of this user alone, anew: a reader sees the old text or the new one, whole. Who writes one file from several
 * places takes turns. Errors: those of the system.
 * @param path the file
 * @param text what it is to hold
 */
export async function replaceFile(path: string, text: string): Promise<void> {
  const prepared = `${path}.new`;
  await writeFile(prepared, text, { mode: 0o600 });
  await rename(prepared, path);
}
