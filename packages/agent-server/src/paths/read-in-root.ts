// SPDX-License-Identifier: Apache-2.0
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { openInRoot } from '@hako/linux';
import { AgentError } from '../errors/agent-error.ts';
import { errnoName } from '../errors/describe-error.ts';

/** `O_PATH`, which Node does not name: looking at a file without opening it. */
const openPathOnly = 0o10000000;

/**
 * Reads a file of a container's root file system, which the container may have made as it likes: links are followed as the
 * container would see them, nothing but a regular file is opened, and no more than a limit is read.
 *
 * @param root - directory the container sees as `/`
 * @param path - absolute path in the container
 * @returns undefined when there is no such file
 * @throws AgentError `path_refused` for anything but a regular file, or a larger one; the system error of an open
 */
export function readInRoot(root: string, path: string, maxBytes: number): Buffer | undefined {
  const refuse = (reason: string) =>
    new AgentError('path_refused', `${path} of the container ${reason}`, { operand: path });
  let pathFd: number;
  try {
    pathFd = openInRoot(root, path, { flags: openPathOnly });
  } catch (error) {
    const code = errnoName(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw error;
  }
  try {
    const status = fstatSync(pathFd);
    if (!status.isFile()) throw refuse('is no regular file');
    if (status.size > maxBytes) throw refuse(`is larger than ${maxBytes} bytes`);
    // The entry of a descriptor in /proc leads to the very file that was looked at.
    const fd = openSync(`/proc/self/fd/${pathFd}`, constants.O_RDONLY);
    try {
      const buffer = Buffer.alloc(status.size);
      return buffer.subarray(0, readSync(fd, buffer, 0, buffer.length, 0));
    } finally {
      closeSync(fd);
    }
  } finally {
    closeSync(pathFd);
  }
}
