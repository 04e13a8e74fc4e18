// SPDX-License-Identifier: Apache-2.0
import { constants } from 'node:fs';
import { access, readdir, readFile, readlink, writeFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { errnoName } from '../errors/describe-error.ts';

/** What reading an object of a device gives that is not there, or is just going. */
const absentCodes = new Set(['ENOENT', 'ENOTDIR', 'ENODEV', 'ENXIO']);

async function unlessAbsent<Value>(reading: Promise<Value>): Promise<Value | undefined> {
  try {
    return await reading;
  } catch (error) {
    if (absentCodes.has(errnoName(error) ?? '')) return undefined;
    throw error;
  }
}

/** The names in a directory of sysfs in their order; none when there is no such directory. */
export async function namesIn(dir: string): Promise<readonly string[]> {
  return ((await unlessAbsent(readdir(dir))) ?? []).toSorted();
}

/** The text of an attribute without white space around it; undefined when there is no such attribute. */
export async function attribute(path: string): Promise<string | undefined> {
  return (await unlessAbsent(readFile(path, 'utf8')))?.trim();
}

/** Whether something is at a path. */
export async function exists(path: string): Promise<boolean> {
  return (await unlessAbsent(access(path).then(() => true))) ?? false;
}

/** The last name of what a link leads to; undefined when there is no link. */
export async function linkedName(path: string): Promise<string | undefined> {
  const target = await unlessAbsent(readlink(path));
  return target === undefined ? undefined : basename(target);
}

/** Writes to an attribute, which must be there. */
export async function writeAttribute(path: string, text: string): Promise<void> {
  await writeFile(path, text, { flag: constants.O_WRONLY });
}
