// SPDX-License-Identifier: Apache-2.0
import { copyFileChunkBytes } from '@hako/protocols';
import type { CopyFileRequest } from '@hako/protocols/agent';
import { constants, type Stats } from 'node:fs';
import { lstat, open, readlink, type FileHandle } from 'node:fs/promises';
import { AgentClientError } from './agent-client-error.ts';
import type { AgentCallOptions } from './caller.ts';
import type { GuestCalls } from './calls/guest-calls.ts';

/**
 * Mode of parent directories as upstream's runtime sends it: 0750 with the directory flag of Go's `os.FileMode`.
 * Agents look at the low nine bits only.
 */
const parentDirectoryMode = 0x8000_0000 + 0o750;

/** What takes the pieces of files. */
export interface FileReceiver {
  copyFile(...call: Parameters<GuestCalls['copyFile']>): Promise<unknown>;
}

type FileFacts = Omit<CopyFileRequest, 'offset' | 'data'>;

function factsOf(destination: string, stats: Stats, size: number): FileFacts {
  return {
    path: destination,
    fileSize: BigInt(size),
    fileMode: stats.mode,
    dirMode: parentDirectoryMode,
    // The wire has signed ids; the largest ones wrap, and the guest wraps them back.
    uid: stats.uid | 0,
    gid: stats.gid | 0,
  };
}

async function readPiece(
  file: FileHandle,
  buffer: Uint8Array,
  wanted: number,
  offset: number,
): Promise<Uint8Array> {
  let filled = 0;
  while (filled < wanted) {
    const { bytesRead } = await file.read(buffer, filled, wanted - filled, offset + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return buffer.subarray(0, filled);
}

async function copyRegularFile(
  agent: FileReceiver,
  source: string,
  destination: string,
  options: AgentCallOptions,
): Promise<void> {
  await using file = await open(source, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  const stats = await file.stat();
  if (!stats.isFile()) throw new AgentClientError('file_changed', `${source} is no regular file any more`);
  const { size } = stats;
  const facts = factsOf(destination, stats, size);
  const buffer = new Uint8Array(Math.min(size, copyFileChunkBytes));
  let offset = 0;
  do {
    const wanted = Math.min(size - offset, copyFileChunkBytes);
    const data = await readPiece(file, buffer, wanted, offset);
    if (data.length < wanted) {
      throw new AgentClientError(
        'file_changed',
        `${source} became shorter than ${size} bytes while it was copied`,
      );
    }
    await agent.copyFile({ ...facts, offset: BigInt(offset), data }, options);
    offset += wanted;
  } while (offset < size);
}

/**
 * Copies a regular file, an empty directory or a symbolic link into the guest, with mode and owner.
 *
 * A file travels in pieces of 1 MiB, read as they are sent; of a file that grows meanwhile the first part arrives.
 * Links are not followed.
 *
 * @param source - Path on the host.
 * @param destination - Absolute path in the guest, below `guestPaths.sharedContainers`.
 * @param options - Apply to each piece.
 * @throws AgentClientError `unsupported_file` for other kinds of files, `file_changed`, and what calls reject with.
 */
export async function copyFile(
  agent: FileReceiver,
  source: string,
  destination: string,
  options: AgentCallOptions = {},
): Promise<void> {
  const stats = await lstat(source);
  if (stats.isFile()) {
    await copyRegularFile(agent, source, destination, options);
  } else if (stats.isDirectory()) {
    await agent.copyFile({ ...factsOf(destination, stats, 0), offset: 0n, data: new Uint8Array(0) }, options);
  } else if (stats.isSymbolicLink()) {
    const data = await readlink(source, { encoding: 'buffer' });
    await agent.copyFile({ ...factsOf(destination, stats, 0), offset: 0n, data }, options);
  } else {
    throw new AgentClientError(
      'unsupported_file',
      `${source} is neither a file, nor a directory, nor a link`,
    );
  }
}
