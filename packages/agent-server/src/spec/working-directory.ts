// SPDX-License-Identifier: Apache-2.0
import { closeSync, constants, readlinkSync } from 'node:fs';
import { isAbsolute } from 'node:path';
import { openInRoot } from '@hako/linux';
import { AgentError } from '../errors/agent-error.ts';
import { errnoName } from '../errors/describe-error.ts';

/** `O_PATH`, which Node does not name: looking at a file without opening it. */
const openPathOnly = 0o10000000;
/** As many as the kernel follows. */
const maxLinks = 40;

/** Entries of `/proc/<process>` that lead wherever that process has a file open, out of the container perhaps. */
const leadsOut = /^\/proc\/(?:self|thread-self|\d+)(?:\/task\/\d+)?\/(?:fd|root|cwd|exe|map_files)(?:\/|$)/;

function refuse(cwd: string, reason: string): never {
  throw new AgentError('invalid_spec', `working directory ${JSON.stringify(cwd)} ${reason}`, {
    operand: cwd,
  });
}

/** Where a link points; undefined for what is no link or not there. The directory is resolved below the root. */
function linkTarget(rootfs: string, dir: string, name: string): string | undefined {
  try {
    const dirFd = openInRoot(rootfs, dir, { flags: openPathOnly | constants.O_DIRECTORY });
    try {
      return readlinkSync(`/proc/self/fd/${dirFd}/${name}`);
    } finally {
      closeSync(dirFd);
    }
  } catch (error) {
    const code = errnoName(error);
    if (code === 'EINVAL' || code === 'ENOENT' || code === 'ENOTDIR' || code === 'EACCES') return undefined;
    throw error;
  }
}

/**
 * Checks that a working directory lies in the container: neither by `..` nor by a link, be it one of `/proc` that the image
 * has prepared, does it lead out. What does not exist is no harm; the runtime makes or refuses it.
 *
 * @param rootfs - the container's root file system, for its links
 * @throws AgentError `invalid_spec`
 */
export function checkWorkingDirectory(cwd: string, rootfs: string): void {
  if (!isAbsolute(cwd)) refuse(cwd, 'is not absolute');
  const words = cwd.split('/');
  if (words.includes('..')) refuse(cwd, 'leads upwards');
  let links = 0;
  let dir = '/';
  while (words.length > 0) {
    const word = words.shift() ?? '';
    if (word === '' || word === '.') continue;
    if (word === '..') {
      dir = dir.replace(/\/[^/]*$/, '') || '/';
      continue;
    }
    const path = dir === '/' ? `/${word}` : `${dir}/${word}`;
    if (leadsOut.test(path)) refuse(cwd, 'leads out of the container');
    const target = linkTarget(rootfs, dir, word);
    if (target === undefined) {
      dir = path;
      continue;
    }
    links += 1;
    if (links > maxLinks) refuse(cwd, 'has too many links');
    words.unshift(...target.split('/'));
    if (target.startsWith('/')) dir = '/';
  }
}
