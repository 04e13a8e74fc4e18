// SPDX-License-Identifier: Apache-2.0
import { randomBytes } from 'node:crypto';
import { mkdir, rename, rm, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import process from 'node:process';

/**
 * The directory for what can be made again: guest assets and unpacked images.
 * @param option the caller's choice, which wins over `HAKO_CACHE_DIR` and the default `~/.cache/hako`
 */
export function resolveCacheDirectory(option?: string): string {
  const fromEnvironment = process.env['HAKO_CACHE_DIR'];
  if (option !== undefined) return option;
  return fromEnvironment === undefined || fromEnvironment === ''
    ? join(homedir(), '.cache', 'hako')
    : fromEnvironment;
}

/**
 * Gives the directory cached under a key, filling it first when it is missing. It is filled under another name and
 * renamed into place, so nobody ever sees half of it; of two that fill it at once, one wins and both succeed.
 * @param cacheDirectory base of the cache
 * @param key names the content, path components of letters, digits and dashes
 * @param fill writes the content into an empty directory
 */
export async function cachedDirectory(
  cacheDirectory: string,
  key: string,
  fill: (directory: string) => Promise<void>,
): Promise<string> {
  const path = join(cacheDirectory, 'images', key);
  if (await isDirectory(path)) return path;
  const partial = `${path}.${randomBytes(6).toString('hex')}.partial`;
  await mkdir(dirname(path), { recursive: true });
  try {
    await mkdir(partial);
    await fill(partial);
    await rename(partial, path);
  } catch (error) {
    await rm(partial, { recursive: true, force: true });
    if (!(await isDirectory(path))) throw error;
  }
  return path;
}

/**
 * Tells whether a path is a directory that can be looked into.
 * @param path any path
 */
export async function isDirectory(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}
