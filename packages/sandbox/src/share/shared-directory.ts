// SPDX-License-Identifier: Apache-2.0
import { constants } from 'node:fs';
import { lstat, mkdir, open, readlink, rmdir, unlink, writeFile, type FileHandle } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

import { guestPaths } from '@hako/protocols';

import { canAccess } from '../can-access.ts';
import { runTool } from '../run-tool.ts';
import { describeError, SandboxError } from '../sandbox-error.ts';
import type { ShareRequest } from './file-share.ts';
import { checkShareName } from './share-name.ts';
import { bindCommand, unbindCommand, type Bind } from './share-namespace.ts';

const bindTimeoutMs = 10_000;

/**
 * The directory in which container files are bound for the guest.
 * @param directory run directory of the sandbox
 */
export function mountsDirectory(directory: string): string {
  return join(directory, 'shared', 'mounts');
}

/**
 * What the guest sees of it: the same, read-only at the top.
 * @param directory run directory of the sandbox
 */
export function viewDirectory(directory: string): string {
  return join(directory, 'shared', 'view');
}

/** Names a mount namespace for good, as `mnt:[INODE]`, see namespaces(7). */
export function namespaceName(namespace: FileHandle): Promise<string> {
  return readlink(`/proc/self/fd/${namespace.fd}`);
}

/** A shared directory, arranged from inside its mount namespace. */
export class SharedDirectory {
  readonly #namespace: FileHandle;
  readonly #mounts: string;
  readonly #adding = new Set<Promise<void>>();

  /**
   * @param namespace the mount namespace; closing it is the caller's
   * @param mounts the directory
   */
  constructor(namespace: FileHandle, mounts: string) {
    this.#namespace = namespace;
    this.#mounts = mounts;
  }

  /**
   * Binds files. What is bound is what its path named when it was asked for, and no link leads elsewhere. On failure nothing
   * is left bound. Errors: `share_failed`, `aborted`.
   * @param requests what
   * @param signal ends the attempt
   */
  async add(requests: readonly ShareRequest[], signal: AbortSignal): Promise<void> {
    const adding = this.#add(requests, signal);
    this.#adding.add(adding);
    try {
      await adding;
    } finally {
      this.#adding.delete(adding);
    }
  }

  async #add(requests: readonly ShareRequest[], signal: AbortSignal): Promise<void> {
    for (const { name } of requests) checkShareName(name);
    const binds: Bind[] = [];
    const sources: FileHandle[] = [];
    const made: string[] = [];
    try {
      if (requests.some(({ isWatched }) => isWatched))
        await mkdir(join(this.#mounts, basename(guestPaths.watchable)), { recursive: true, mode: 0o755 });
      for (const { name, source, readOnly } of requests) {
        const opened = await openSource(source);
        sources.push(opened);
        const target = join(this.#mounts, name);
        await createTarget(opened, target);
        made.push(name);
        binds.push({ source, target, readOnly });
      }
      const fds = sources.map(({ fd }) => fd);
      await this.#inNamespace((path) => bindCommand(path, binds), { fds, signal });
    } catch (cause) {
      await this.#withdraw(made);
      if (signal.aborted) throw cause;
      const names = requests.map(({ source }) => source).join(', ');
      throw new SandboxError('share_failed', `${names} cannot be shared: ${describeError(cause)}`, { cause });
    } finally {
      for (const source of sources) await source.close();
    }
  }

  /**
   * Takes files away again; what is not there is no failure. Errors: `share_failed`, `tool_failed`, `timeout`.
   * @param names as they were given to {@link SharedDirectory.add}
   */
  async remove(names: readonly string[]): Promise<void> {
    for (const name of names) checkShareName(name);
    // Whoever gave up waiting for an attempt may ask before it has withdrawn; it is bounded.
    await Promise.allSettled(this.#adding);
    const there = await Promise.all(names.map((name) => canAccess(join(this.#mounts, name))));
    const present = names.filter((_, index) => there[index]);
    if (present.length === 0) return;
    await this.#unbind(present);
    for (const name of present) await removeTarget(this.#mounts, name);
  }

  /** A failed attempt may have bound some. */
  async #withdraw(names: readonly string[]): Promise<void> {
    if (names.length === 0) return;
    await this.#unbind(names).catch(() => undefined);
    for (const name of names) await removeTarget(this.#mounts, name).catch(() => undefined);
  }

  #unbind(names: readonly string[]): Promise<void> {
    const targets = names.map((name) => join(this.#mounts, name));
    return this.#inNamespace((path) => unbindCommand(path, targets), {});
  }

  /** The command finds the namespace as its descriptor 3, and further ones from 4 on. */
  async #inNamespace(
    command: (namespacePath: string) => readonly [string, ...string[]],
    { fds = [], signal }: { readonly fds?: readonly number[]; readonly signal?: AbortSignal },
  ): Promise<void> {
    const [file, ...args] = command('/proc/self/fd/3');
    await runTool(file, args, {
      signal,
      timeoutMs: bindTimeoutMs,
      inheritedFds: [this.#namespace.fd, ...fds],
    });
  }
}

/** `O_PATH` of Linux, which Node does not name: the file is found and not opened, so nothing happens to a device or a pipe. */
const pathOnly = 0o10000000;

/** Finds what is to be shared. Error: `share_failed` when a link has come to lie on the way to it. */
async function openSource(source: string): Promise<FileHandle> {
  const opened = await open(source, pathOnly | constants.O_NOFOLLOW);
  try {
    if ((await readlink(`/proc/self/fd/${opened.fd}`)) === source) return opened;
    throw new SandboxError('share_failed', `${source} is not where it was`);
  } catch (error) {
    await opened.close();
    throw error;
  }
}

/** A bind needs a target of the same kind. The host's view of the directory is writable and holds no binds. */
async function createTarget(source: FileHandle, target: string): Promise<void> {
  const isDirectory = (await source.stat()).isDirectory();
  await mkdir(dirname(target), { recursive: true, mode: 0o755 });
  if (isDirectory) await mkdir(target, { mode: 0o755 });
  else await writeFile(target, '', { flag: 'wx', mode: 0o644 });
}

/** Removes an empty target, and the directory above it when that was the last one. Nothing below it is ever removed. */
async function removeTarget(mounts: string, name: string): Promise<void> {
  const target = join(mounts, name);
  if ((await lstat(target)).isDirectory()) await rmdir(target);
  else await unlink(target);
  if (name.includes('/')) await rmdir(dirname(target)).catch(() => undefined);
}
