// SPDX-License-Identifier: Apache-2.0
import { close, constants, fchmod, fchown, fstat, write } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import type { CopyFileRequest } from '@hako/protocols/agent';
import { AgentError } from '../errors/agent-error.ts';
import { pathBelow } from '../paths/path-below.ts';
import type { GuestSystem, RootFiles } from '../system/guest-system.ts';

const typeMask = 0o170000;
const typeDirectory = 0o040000;
const typeRegular = 0o100000;
const typeSymlink = 0o120000;
/** All a mode of stat(2) can have. */
const modeBits = 0o177777;
const permissionBits = 0o7777;
const accessBits = 0o777;
/** For parents when the host names no mode: they must at least be searchable. */
const defaultDirectoryMode = 0o750;
const maxOffset = 2n ** 63n - 1n;

const closeFd = promisify(close);
const writeFd = promisify(write);
const statFd = promisify(fstat);
const chmodFd = promisify(fchmod);
const chownFd = promisify(fchown);

/** Longest name of a file, in bytes. Source: NAME_MAX of <linux/limits.h>. */
const maxNameBytes = 255;

/**
 * Where pieces are collected: beside the file, by a name that no other file of the directory leads to and that is never too
 * long.
 */
function partialPath(path: string): string {
  const name = `.${basename(path)}.hako-partial`;
  if (Buffer.byteLength(name) <= maxNameBytes) return join(dirname(path), name);
  // Rarely needed, and slow to load.
  const { createHash } = process.getBuiltinModule('node:crypto');
  const digest = createHash('sha256').update(basename(path)).digest('hex');
  return join(dirname(path), `.${digest}.hako-partial`);
}

function copyDirectory(root: RootFiles, path: string, request: CopyFileRequest): void {
  const present = root.status(path);
  if (present !== undefined && present.kind !== 'directory') root.remove(path);
  if (present?.kind !== 'directory') root.makeDirectory(path, request.fileMode & permissionBits);
  // Changing the owner clears set-id bits, so the mode comes last.
  root.changeOwner(path, request.uid, request.gid);
  root.changeMode(path, request.fileMode & permissionBits);
}

/** Takes the place of whatever is there; at once, unless that is a directory. */
function moveIntoPlace(root: RootFiles, from: string, to: string): void {
  if (root.status(to)?.kind === 'directory') root.remove(to);
  root.rename(from, to);
}

function copySymlink(root: RootFiles, path: string, request: CopyFileRequest): void {
  if (request.data.includes(0)) {
    throw new AgentError('path_refused', 'the target of the link has a NUL in it', { operand: request.path });
  }
  const partial = partialPath(path);
  root.remove(partial);
  root.createSymlink(request.data, partial);
  root.changeOwner(partial, request.uid, request.gid);
  moveIntoPlace(root, partial, path);
}

async function writeAll(fd: number, data: Uint8Array, offset: bigint): Promise<void> {
  for (let done = 0; done < data.length;) {
    const { bytesWritten } = await writeFd(fd, data, done, data.length - done, Number(offset) + done);
    done += bytesWritten;
  }
}

async function copyRegular(root: RootFiles, path: string, request: CopyFileRequest): Promise<void> {
  const partial = partialPath(path);
  const mode = request.fileMode & permissionBits;
  const { O_CREAT, O_NOFOLLOW, O_NONBLOCK, O_TRUNC, O_WRONLY } = constants;
  // A container may have put a link or a pipe there: neither is followed, and neither makes the agent wait.
  const flags = O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK | (request.offset === 0n ? O_TRUNC : 0);
  const fd = root.open(partial, { flags, mode: mode & accessBits });
  try {
    const status = await statFd(fd);
    if (!status.isFile() || status.nlink !== 1) {
      throw new AgentError('path_refused', `${partial} is not a plain file of the agent`, {
        operand: request.path,
      });
    }
    await writeAll(fd, request.data, request.offset);
    const { size } = await statFd(fd);
    if (BigInt(size) !== request.fileSize) return;
    await chownFd(fd, request.uid, request.gid);
    await chmodFd(fd, mode);
  } finally {
    await closeFd(fd);
  }
  moveIntoPlace(root, partial, path);
}

type CopyKind = 'directory' | 'symlink' | 'file';

/** What is to be made. Pipes, sockets and device nodes are not: a container could do with them what the host did not mean. */
function kindOf({ fileMode, path }: CopyFileRequest): CopyKind {
  const kinds: Readonly<Partial<Record<number, CopyKind>>> = {
    [typeDirectory]: 'directory',
    [typeSymlink]: 'symlink',
    [typeRegular]: 'file',
    // Not all hosts say what it is.
    0: 'file',
  };
  const kind = fileMode > modeBits ? undefined : kinds[fileMode & typeMask];
  if (kind !== undefined) return kind;
  const problem = `mode 0${fileMode.toString(8)} is none of a file, a directory or a link`;
  throw new AgentError('path_refused', problem, { operand: path });
}

function checkNumbers(request: CopyFileRequest): void {
  const { offset, fileSize, data } = request;
  if (offset < 0n || fileSize < 0n || offset + BigInt(data.length) > maxOffset) {
    throw new AgentError(
      'invalid_request',
      `impossible offset ${offset.toString()} or size ${fileSize.toString()}`,
    );
  }
  if (offset > BigInt(Number.MAX_SAFE_INTEGER)) {
    throw new AgentError('invalid_request', `offset ${offset.toString()} is too large`);
  }
}

/**
 * Writes a piece of a file, a directory or a symbolic link below the shared directory, and nowhere else: the kernel refuses
 * every step that would leave it (openat2 with RESOLVE_BENEATH).
 *
 * A regular file is collected beside its place and moved there when its size is complete. Until then, and in contrast to
 * upstream, an older file stays.
 *
 * @param sharedDir - made when missing
 * @throws AgentError `path_refused`, `invalid_request`; errors of the kernel as they are
 */
export async function copyFile(
  system: GuestSystem,
  sharedDir: string,
  request: CopyFileRequest,
): Promise<void> {
  const path = pathBelow(sharedDir, request.path);
  const kind = kindOf(request);
  checkNumbers(request);
  await mkdir(sharedDir, { recursive: true });
  using root = system.openRoot(sharedDir);
  const parent = dirname(path);
  if (parent !== '.') {
    const mode = request.dirMode & accessBits;
    root.makeDirectories(parent, mode === 0 ? defaultDirectoryMode : mode);
    root.changeOwner(parent, request.uid, request.gid);
  }
  if (kind === 'directory') copyDirectory(root, path, request);
  else if (kind === 'symlink') copySymlink(root, path, request);
  else await copyRegular(root, path, request);
}
