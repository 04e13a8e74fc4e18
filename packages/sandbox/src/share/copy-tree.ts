// SPDX-License-Identifier: Apache-2.0
import { constants, type Stats } from 'node:fs';
import { lstat, open, readdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

import { copyFile } from '@hako/agent-client';

import { errorCode } from '../error-code.ts';
import type { GuestAgent } from '../process/guest-agent.ts';
import { describeError, SandboxError } from '../sandbox-error.ts';

/** Receives copies. */
export type CopyAgent = Pick<GuestAgent, 'copyFile'>;

/** More than this is a case for real sharing: each entry is a request of its own. */
const maxEntries = 100_000;
const maxDepth = 64;
/** Files of one directory that travel at a time; each holds at most 1 MiB. */
const parallelFiles = 8;

/** What one copy works with. */
interface Copying {
  readonly agent: CopyAgent;
  readonly signal: AbortSignal;
  /** Entries copied so far. */
  count: number;
}

/** Something to copy: a name in an open directory, and how people call it. */
interface Entry {
  /** Reaches it without a link on the way. */
  readonly path: string;
  readonly shownPath: string;
  readonly destination: string;
  readonly depth: number;
}

/**
 * Copies a directory with all that is in it, a file or a link into the guest, with modes and owners. Links stay links and
 * none is followed, also when somebody puts one in the way meanwhile. What is neither a directory, nor a file, nor a link is
 * left out, and so is what vanishes meanwhile. Errors: `share_failed`, `aborted`.
 * @param source absolute path on the host, links resolved
 * @param destination absolute path in the guest, below the shared directory
 * @param agent receives it
 * @param signal ends the copying
 */
export async function copyTree(
  source: string,
  destination: string,
  agent: CopyAgent,
  signal: AbortSignal,
): Promise<void> {
  const parent = await open(dirname(source), constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    const path = join(`/proc/self/fd/${parent.fd}`, basename(source));
    const copying = { agent, signal, count: 0 };
    const copied = await copyEntry({ path, shownPath: source, destination, depth: 0 }, copying);
    if (copied !== undefined) return;
    throw new SandboxError('share_failed', `${source} cannot be copied: it is no directory, file or link`, {
      remedy: 'share it by virtio-fs',
    });
  } finally {
    await parent.close();
  }
}

/** @returns what it is, or undefined when it was left out */
async function copyEntry(entry: Entry, copying: Copying): Promise<Stats | undefined> {
  const { signal } = copying;
  if (signal.aborted) throw new SandboxError('aborted', 'copying aborted', { cause: signal.reason });
  const stats = await lstat(entry.path).catch(unlessMissing);
  if (stats === undefined || !(stats.isDirectory() || stats.isFile() || stats.isSymbolicLink()))
    return undefined;
  copying.count += 1;
  if (copying.count > maxEntries) throw tooMuch(`more than ${maxEntries} files`);
  await send(entry, copying);
  if (stats.isDirectory()) await copyContents(entry, stats, copying);
  return stats;
}

async function copyContents(entry: Entry, stats: Stats, copying: Copying): Promise<void> {
  const { O_RDONLY, O_DIRECTORY, O_NOFOLLOW } = constants;
  if (entry.depth === maxDepth) throw tooMuch(`directories more than ${maxDepth} deep`);
  const directory = await open(entry.path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW).catch(unlessMissing);
  if (directory === undefined) return;
  try {
    const base = `/proc/self/fd/${directory.fd}`;
    const found = await readdir(base, { withFileTypes: true });
    const children = found.map((child) => ({
      isDirectory: child.isDirectory(),
      entry: {
        path: join(base, child.name),
        shownPath: join(entry.shownPath, child.name),
        destination: join(entry.destination, child.name),
        depth: entry.depth + 1,
      },
    }));
    const files = children.filter(({ isDirectory }) => !isDirectory);
    const copied: (Stats | undefined)[] = [];
    const rest = files.values();
    const copyFiles = async (): Promise<void> => {
      for (const child of rest) copied.push(await copyEntry(child.entry, copying));
    };
    await Promise.all(Array.from({ length: parallelFiles }, copyFiles));
    for (const child of children) if (child.isDirectory) copied.push(await copyEntry(child.entry, copying));
    // An agent gives the owner of a file to the directory that it makes the file in, as upstream's does.
    if (copied.some((child) => child !== undefined && (child.uid !== stats.uid || child.gid !== stats.gid)))
      await send(entry, copying);
  } finally {
    await directory.close();
  }
}

async function send({ path, shownPath, destination }: Entry, { agent, signal }: Copying): Promise<void> {
  try {
    await copyFile(agent, path, destination, { signal });
  } catch (cause) {
    if (signal.aborted) throw new SandboxError('aborted', 'copying aborted', { cause });
    const reason = describeError(cause).replaceAll(path, shownPath);
    throw new SandboxError('share_failed', `${shownPath} cannot be copied into the guest: ${reason}`, {
      cause,
    });
  }
}

/** What an entry that is gone, or has become a link, is answered with. */
const missingCodes: readonly unknown[] = ['ENOENT', 'ELOOP', 'ENOTDIR'];

function unlessMissing(error: unknown): undefined {
  if (missingCodes.includes(errorCode(error))) return undefined;
  throw error;
}

function tooMuch(what: string): SandboxError {
  return new SandboxError('share_failed', `${what} are not copied into a guest`, {
    remedy: 'share them by virtio-fs',
  });
}
