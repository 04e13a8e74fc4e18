// SPDX-License-Identifier: Apache-2.0
import { mkdir, readlink, rm, stat, writeFile, type FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { runTool } from '../run-tool.ts';
import { describeError, SandboxError } from '../sandbox-error.ts';
import type { ShareRequest } from './file-share.ts';
import { bindCommand, unbindCommand, type Bind } from './share-namespace.ts';

const bindTimeoutMs = 10_000;

/**
 * The directory in which container files are bound for the guest.
 * @param directory run directory of the sandbox
 */
export function mountsDirectory(directory: string): string {
  return join(directory, 'shared', 'mounts');
}

/** Names a mount namespace for good, as `mnt:[INODE]`, see namespaces(7). */
export function namespaceName(namespace: FileHandle): Promise<string> {
  return readlink(`/proc/self/fd/${namespace.fd}`);
}

/** A shared directory, arranged from inside its mount namespace. */
export class SharedDirectory {
  readonly #namespace: FileHandle;
  readonly #mounts: string;

  /**
   * @param namespace the mount namespace; closing it is the caller's
   * @param mounts the directory
   */
  constructor(namespace: FileHandle, mounts: string) {
    this.#namespace = namespace;
    this.#mounts = mounts;
  }

  /**
   * Binds files. Errors: `share_failed`, `aborted`, `timeout`.
   * @param requests what
   * @param signal ends the attempt
   */
  async add(requests: readonly ShareRequest[], signal: AbortSignal): Promise<void> {
    const binds: Bind[] = [];
    try {
      for (const { name, source, readOnly } of requests) {
        const target = join(this.#mounts, name);
        await createTarget(source, target);
        binds.push({ source, target, readOnly });
      }
      await this.#inNamespace((path) => bindCommand(path, binds), signal);
    } catch (cause) {
      if (signal.aborted) throw cause;
      const names = requests.map(({ source }) => source).join(', ');
      throw new SandboxError('share_failed', `${names} cannot be shared: ${describeError(cause)}`, { cause });
    }
  }

  /**
   * Takes files away again. Errors: `tool_failed`, `timeout`.
   * @param names as they were given to {@link SharedDirectory.add}
   */
  async remove(names: readonly string[]): Promise<void> {
    if (names.length === 0) return;
    const targets = names.map((name) => join(this.#mounts, name));
    await this.#inNamespace((path) => unbindCommand(path, targets));
    for (const target of targets) await rm(target, { recursive: true });
  }

  /** The command finds the namespace as its descriptor 3. */
  async #inNamespace(
    command: (namespacePath: string) => readonly [string, ...string[]],
    signal?: AbortSignal,
  ): Promise<void> {
    const [file, ...args] = command('/proc/self/fd/3');
    await runTool(file, args, { signal, timeoutMs: bindTimeoutMs, inheritedFds: [this.#namespace.fd] });
  }
}

/** A bind needs a target of the same kind. The host's view of the directory is writable and holds no binds. */
async function createTarget(source: string, target: string): Promise<void> {
  const isDirectory = (await stat(source)).isDirectory();
  await mkdir(isDirectory ? target : dirname(target), { recursive: true, mode: 0o755 });
  if (!isDirectory) await writeFile(target, '', { flag: 'wx', mode: 0o644 });
}
