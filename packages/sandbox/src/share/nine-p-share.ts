// SPDX-License-Identifier: Apache-2.0
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, open, rm, symlink, type FileHandle } from 'node:fs/promises';
import process from 'node:process';
import { text } from 'node:stream/consumers';

import { withDeadline } from '../deadline.ts';
import { SandboxError } from '../sandbox-error.ts';
import type { FileShare, FileShareOptions, ShareRequest } from './file-share.ts';
import type { SharePlace } from './join-share.ts';
import { namespaceCommand } from './share-namespace.ts';
import { shareNamespacePath } from './share-plan.ts';
import { mountsDirectory, namespaceName, SharedDirectory, viewDirectory } from './shared-directory.ts';

const startTimeoutMs = 10_000;

/**
 * Makes a mount namespace for a hypervisor that serves files itself, by 9p. No process holds it: it lives as long as this
 * process keeps it open, or a hypervisor runs in it, and is found by {@link shareNamespacePath}. So no mount shows up on
 * the host, and all of them vanish with the machine. Errors: `share_failed`, `aborted`, `timeout`.
 * @param options where
 */
export async function startNinePShare({
  directory,
  signal,
}: Pick<FileShareOptions, 'directory' | 'signal'>): Promise<FileShare> {
  const mounts = mountsDirectory(directory);
  const view = viewDirectory(directory);
  await mkdir(mounts, { recursive: true, mode: 0o750 });
  await mkdir(view, { mode: 0o700 });
  const namespace = await withDeadline(
    'start of file sharing',
    { signal, timeoutMs: startTimeoutMs },
    (phaseSignal) => makeNamespace(namespaceCommand(mounts, view, ['true']), phaseSignal),
  );
  const path = shareNamespacePath(directory);
  try {
    await symlink(`/proc/${process.pid}/fd/${namespace.fd}`, path);
    return new NinePShare({ namespace, path, name: await namespaceName(namespace), mounts });
  } catch (error) {
    await namespace.close();
    throw error;
  }
}

/** Runs the command that makes the namespace, opens it while that waits, and lets it end. */
async function makeNamespace(
  [file, ...args]: readonly [string, ...string[]],
  signal: AbortSignal,
): Promise<FileHandle> {
  const maker = spawn(file, args, { stdio: ['pipe', 'pipe', 'pipe'], detached: true });
  // It may be gone when the go-ahead is written; its end is reported by its exit.
  maker.stdin.on('error', () => undefined);
  const stderr = text(maker.stderr).catch(() => '');
  const kill = (): void => void maker.kill('SIGKILL');
  signal.addEventListener('abort', kill, { once: true });
  const ended = new Promise<string>((resolve) => {
    maker.once('error', (error) => resolve(error.message));
    maker.once('close', (code) => resolve(code === 0 ? '' : `exit code ${String(code)}`));
  });
  const failed = ended.then(async (how): Promise<never> => {
    const reason = (await stderr).trim().split('\n').at(-1) ?? '';
    throw new SandboxError(
      'share_failed',
      `no mount namespace can be made: ${reason === '' ? how : reason}`,
      {
        remedy: 'run as root, with the right to create mount namespaces',
      },
    );
  });
  failed.catch(() => undefined);
  try {
    await Promise.race([once(maker.stdout, 'data', { signal }), failed]);
    const namespace = await open(`/proc/${maker.pid ?? 0}/ns/mnt`, 'r');
    maker.stdin.end('\n');
    maker.stdout.resume();
    await ended;
    return namespace;
  } catch (error) {
    kill();
    await ended;
    throw error;
  } finally {
    signal.removeEventListener('abort', kill);
  }
}

interface NinePShareParts {
  readonly namespace: FileHandle;
  readonly path: string;
  readonly name: string;
  readonly mounts: string;
}

class NinePShare implements FileShare {
  /** The hypervisor is the back end: there is no other that could end. */
  readonly ended: Promise<string>;
  readonly place: SharePlace;
  readonly #parts: NinePShareParts;
  readonly #shared: SharedDirectory;
  readonly #end = Promise.withResolvers<string>();
  #closing: Promise<void> | undefined;

  constructor(parts: NinePShareParts) {
    this.#parts = parts;
    this.ended = this.#end.promise;
    this.place = { namespaceFd: parts.namespace.fd, namespace: parts.name };
    this.#shared = new SharedDirectory(parts.namespace, parts.mounts);
  }

  add(requests: readonly ShareRequest[], signal: AbortSignal): Promise<void> {
    return this.#shared.add(requests, signal);
  }

  async remove(names: readonly string[]): Promise<void> {
    if (this.#closing === undefined) await this.#shared.remove(names);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    await rm(this.#parts.path, { force: true });
    await this.#parts.namespace.close();
    this.#end.resolve('ended');
  }
}
