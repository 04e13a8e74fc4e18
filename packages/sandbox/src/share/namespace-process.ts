// SPDX-License-Identifier: Apache-2.0
import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, open, type FileHandle } from 'node:fs/promises';
import process from 'node:process';
import type { Readable, Writable } from 'node:stream';

import { runDirectoryVariable } from '@hako/hypervisor';

import { OutputTail } from '../output-tail.ts';
import type { SandboxError } from '../sandbox-error.ts';
import { namespaceCommand } from './share-namespace.ts';
import { mountsDirectory, viewDirectory } from './shared-directory.ts';

/** Longest stretch of its standard error that is kept, in characters. */
const maxStderrLength = 8 * 1024;

/** What runs in the namespace. */
export interface NamespaceProgram {
  /** Run directory of the sandbox. */
  readonly directory: string;
  /** What it becomes once the namespace is open. */
  readonly command: readonly [string, ...string[]];
  /** Whether it goes on when this process dies. */
  readonly survivesOwner: boolean;
  /**
   * Says what its end means while it is still needed.
   * @param how how it ended
   * @param stderr the end of what it said
   */
  readonly explainEnd: (how: string, stderr: string) => SandboxError;
}

/** A process in a mount namespace of its own. */
export interface NamespaceProcess {
  readonly child: ChildProcessByStdio<Writable, Readable, Readable>;
  /** Settles when it has ended, or could not be started; the text says how. */
  readonly ended: Promise<string>;
  /** Rejects with the explanation of its end; need not be waited for. */
  readonly failed: Promise<never>;
}

/**
 * Makes the directories of a share and starts a process that makes its mount namespace. It waits there for
 * {@link openWhenReady}. Errors are those of the system.
 * @param program what runs in it
 */
export async function startInNamespace(program: NamespaceProgram): Promise<NamespaceProcess> {
  const { directory, command, survivesOwner, explainEnd } = program;
  const mounts = mountsDirectory(directory);
  const view = viewDirectory(directory);
  await mkdir(mounts, { recursive: true, mode: 0o750 });
  await mkdir(view, { mode: 0o700 });
  const [file, ...args] = namespaceCommand(mounts, view, command, survivesOwner);
  const env = { ...process.env, [runDirectoryVariable]: directory };
  // A session of its own: Ctrl-C at a terminal is for the workload, not for its file system.
  const child = spawn(file, args, { stdio: ['pipe', 'pipe', 'pipe'], detached: true, env });
  // It may be gone when the go-ahead is written; its end is reported by its exit.
  child.stdin.on('error', () => undefined);
  const stderr = new OutputTail(child.stderr, maxStderrLength);
  const ended = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(`cannot be started: ${error.message}`));
    child.once('close', (code, signal) => {
      const { lastLine } = stderr;
      resolve(`ended (${signal ?? `exit code ${String(code)}`})${lastLine === '' ? '' : `: ${lastLine}`}`);
    });
  });
  const failed = ended.then((how): never => {
    throw explainEnd(how, stderr.text);
  });
  failed.catch(() => undefined);
  return { child, ended, failed };
}

/**
 * Waits until the namespace is made, opens it, and lets the process become what it shall be. Errors: what its end means, the
 * signal's reason.
 * @param maker the process
 * @param signal ends the wait
 */
export async function openWhenReady(
  { child, failed }: NamespaceProcess,
  signal: AbortSignal,
): Promise<FileHandle> {
  await Promise.race([once(child.stdout, 'data', { signal }), failed]);
  const namespace = await open(`/proc/${child.pid ?? 0}/ns/mnt`, 'r');
  child.stdin.end('\n');
  child.stdout.resume();
  return namespace;
}
