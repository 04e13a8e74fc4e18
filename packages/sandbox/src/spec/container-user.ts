// SPDX-License-Identifier: Apache-2.0
import { constants } from 'node:fs';
import { open, realpath } from 'node:fs/promises';
import { join, sep } from 'node:path';

import type { OciUser } from '@hako/protocols';

import { SandboxError } from '../sandbox-error.ts';
import { numericId } from './numeric-id.ts';

/** Tens of thousands of users. */
const maxDatabaseBytes = 4 * 1024 * 1024;

const root: OciUser = { uid: 0, gid: 0 };

/**
 * Turns `USER[:GROUP]` into numbers. Names are looked up in the image's own `/etc/passwd` and `/etc/group`, read on the
 * host without leaving the image. Error: `invalid_options`.
 * @param text the user; empty means root
 * @param rootfs root directory of the image
 */
export async function resolveUser(text: string, rootfs: string): Promise<OciUser> {
  if (text === '') return root;
  const [userText = '', groupText, ...surplus] = text.split(':');
  if (userText === '' || groupText === '' || surplus.length > 0)
    throw unusable(text, 'write USER or USER:GROUP');
  const passwd = (await readInside(rootfs, 'etc/passwd')).map((fields) => ({
    name: fields[0],
    uid: Number(fields[2]),
    gid: Number(fields[3]),
  }));
  const uid = numericId(userText);
  const entry = passwd.find((candidate) =>
    uid === undefined ? candidate.name === userText : candidate.uid === uid,
  );
  if (uid === undefined && entry === undefined) throw unusable(text, 'use a number or a user of the image');
  const resolvedUid = uid ?? entry?.uid ?? 0;
  if (groupText !== undefined) return { uid: resolvedUid, gid: await resolveGroup(groupText, rootfs, text) };
  return { uid: resolvedUid, gid: entry?.gid ?? 0, ...(await supplementaryGroups(rootfs, entry?.name)) };
}

async function resolveGroup(groupText: string, rootfs: string, text: string): Promise<number> {
  const numeric = numericId(groupText);
  if (numeric !== undefined) return numeric;
  const entry = (await readInside(rootfs, 'etc/group')).find(([name]) => name === groupText);
  if (entry === undefined) throw unusable(text, 'use a number or a group of the image');
  return Number(entry[2]);
}

async function supplementaryGroups(
  rootfs: string,
  name: string | undefined,
): Promise<Pick<OciUser, 'additionalGids'>> {
  if (name === undefined) return {};
  const groups = await readInside(rootfs, 'etc/group');
  const gids = groups
    .filter(([, , , members]) => members?.split(',').includes(name))
    .map(([, , gid]) => Number(gid));
  return gids.length === 0 ? {} : { additionalGids: gids };
}

function unusable(text: string, remedy: string): SandboxError {
  return new SandboxError('invalid_options', `user ${JSON.stringify(text)} is not usable`, { remedy });
}

/** Lines of a database of the image, split at colons; none when the file is missing, unusable, or a link leads outside. */
async function readInside(rootfs: string, path: string): Promise<readonly string[][]> {
  try {
    const base = await realpath(rootfs);
    const real = await realpath(join(base, path));
    if (!real.startsWith(base + sep)) return [];
    // What an image calls a database need be no file: opening a pipe would wait for its writer.
    await using file = await open(real, constants.O_RDONLY | constants.O_NONBLOCK);
    const status = await file.stat();
    if (!status.isFile() || status.size > maxDatabaseBytes) return [];
    const lines = (await file.readFile('utf8')).split('\n');
    return lines.filter((line) => line !== '').map((line) => line.split(':'));
  } catch {
    return [];
  }
}
