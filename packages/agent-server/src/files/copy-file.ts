// SPDX-License-Identifier: Apache-2.0
import { close, constants, fchmod, fchown, fstat, write } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import type { CopyFileRequest } from '@hako/protocols/agent';
import { AgentError } from '../errors/agent-error.ts';
import type { GuestSystem, RootFiles } from '../system/guest-system.ts';

const typeMask = 0o170000;
const typeDirectory = 0o040000;
const typeSymlink = 0o120000;
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

/** The part of a path below a root; `..` is refused even where it would stay inside. */
function pathBelow(root: string, path: string): string {
  const refuse = (reason: string) =>
    new AgentError('path_refused', `path ${JSON.stringify(path)} ${reason}`, { operand: path });
  if (!path.startsWith(`${root}/`)) throw refuse(`is not below ${root}`);
  const words = path.slice(root.length + 1).split('/');
  if (words.includes('..')) throw refuse('leads upwards');
  const below = words.filter((word) => word !== '' && word !== '.').join('/');
  if (below === '') throw refuse('names the directory itself');
  return below;
}

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
  checkNumbers(request);
  await mkdir(sharedDir, { recursive: true });
  using root = system.openRoot(sharedDir);
  const parent = dirname(path);
  if (parent !== '.') {
    const mode = request.dirMode & accessBits;
    root.makeDirectories(parent, mode === 0 ? defaultDirectoryMode : mode);
    root.changeOwner(parent, request.uid, request.gid);
  }
  const type = request.fileMode & typeMask;
  if (type === typeDirectory) copyDirectory(root, path, request);
  else if (type === typeSymlink) copySymlink(root, path, request);
  else await copyRegular(root, path, request);
}
