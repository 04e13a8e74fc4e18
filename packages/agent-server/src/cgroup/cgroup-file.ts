// SPDX-License-Identifier: Apache-2.0
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoName } from '../errors/describe-error.ts';

/** What `max` comes out as: the largest signed 64-bit number, which hosts take for "no limit". */
export const unlimited = 2n ** 63n - 1n;

/** Codes that mean "there is no such controller here, or no such group any more". */
const absentCodes = new Set(['ENOENT', 'ENODEV', 'ENOTDIR', 'EOPNOTSUPP']);

/** The text of a file of a cgroup, or undefined when controller or group do not exist. */
export async function readCgroupFile(dir: string, name: string): Promise<string | undefined> {
  try {
    return await readFile(join(dir, name), 'utf8');
  } catch (error) {
    const code = errnoName(error);
    if (code !== undefined && absentCodes.has(code)) return undefined;
    throw error;
  }
}

/** A decimal number of up to 64 bits, `max` as {@link unlimited}, anything else as undefined. */
export function parseCount(text: string | undefined): bigint | undefined {
  const trimmed = text?.trim();
  if (trimmed === undefined) return undefined;
  if (trimmed === 'max') return unlimited;
  if (!/^-?\d+$/.test(trimmed)) return undefined;
  const value = BigInt(trimmed);
  return value < 0n ? unlimited : value;
}

/** A file that holds one number. */
export async function readCount(dir: string, name: string): Promise<bigint | undefined> {
  return parseCount(await readCgroupFile(dir, name));
}

/** A file of lines `key value`. */
export async function readCounts(
  dir: string,
  name: string,
): Promise<ReadonlyMap<string, bigint> | undefined> {
  const text = await readCgroupFile(dir, name);
  if (text === undefined) return undefined;
  const counts = new Map<string, bigint>();
  for (const line of text.split('\n')) {
    const space = line.indexOf(' ');
    const value = parseCount(line.slice(space + 1));
    if (space > 0 && value !== undefined) counts.set(line.slice(0, space), value);
  }
  return counts;
}
