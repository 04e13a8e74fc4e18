// SPDX-License-Identifier: Apache-2.0
import { spawn } from 'node:child_process';
import { isAbsolute } from 'node:path';
import process from 'node:process';

import type { OciHook } from '@hako/protocols';

import { OutputTail } from '../output-tail.ts';
import { SandboxError } from '../sandbox-error.ts';
import type { HookState } from './hook-state.ts';

/** The OCI sets no limit; somebody waits for every hook, so there is one. */
const defaultTimeoutMs = 60_000;

/** The longest a timer can be set for. */
const maxTimeoutMs = 2 ** 31 - 1;

/** How long what a hook printed last is waited for, once it has ended: what it started may hold its output open. */
const lastWordsMs = 100;

/** Longest stretch of a hook's standard error that is kept, in characters; what comes before is dropped. */
const maxStderrLength = 4096;

/** How to run a hook. */
export interface RunHookOptions {
  /** Kills it. */
  readonly signal?: AbortSignal;
  /** Directory it starts in. */
  readonly cwd: string;
}

/**
 * Runs a hook to its end, with the container's state on its standard input and nothing but its own environment. Whatever it
 * started ends with it when it takes too long or is aborted. Errors: `hook_failed` with the tail of its standard error,
 * `timeout`, `aborted`. Source: OCI runtime specification, config.md, POSIX-platform hooks.
 * @param hook what to run; without a time limit of its own it has 60 s
 * @param state what it is told
 * @param options limits
 */
export function runHook(hook: OciHook, state: HookState, { signal, cwd }: RunHookOptions): Promise<void> {
  const { path, args = [], env = [] } = hook;
  if (signal?.aborted === true)
    return Promise.reject(new SandboxError('aborted', `hook ${path} aborted`, { cause: signal.reason }));
  const problem = problemOf(hook);
  if (problem !== undefined)
    return Promise.reject(new SandboxError('hook_failed', `hook ${path} ${problem}`));
  const timeoutMs = limitOf(hook);
  return new Promise((resolve, reject) => {
    // A session of its own, so that all it starts can be ended together.
    const child = spawn(path, args.slice(1), {
      ...(args[0] === undefined ? {} : { argv0: args[0] }),
      env: environment(env),
      cwd,
      stdio: ['pipe', 'ignore', 'pipe'],
      detached: true,
    });
    const stderr = new OutputTail(child.stderr, maxStderrLength);
    let early: SandboxError | undefined;
    const end = (error: SandboxError): void => {
      early ??= error;
      killGroup(child.pid);
    };
    const onAbort = (): void =>
      end(new SandboxError('aborted', `hook ${path} aborted`, { cause: signal?.reason }));
    const timer = setTimeout(
      () => end(new SandboxError('timeout', `hook ${path} took longer than ${timeoutMs} ms`)),
      timeoutMs,
    );
    signal?.addEventListener('abort', onAbort, { once: true });
    const settle = (error: SandboxError | undefined): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
      child.stderr.destroy();
      if (error === undefined) resolve();
      else reject(error);
    };
    child.once('error', (cause) =>
      settle(new SandboxError('hook_failed', `hook ${path} cannot be started: ${cause.message}`, { cause })),
    );
    child.once('exit', (code, killedBy) => {
      const finish = (): void => {
        clearTimeout(patience);
        settle(early ?? (code === 0 ? undefined : failure(path, code ?? killedBy ?? 'unknown', stderr)));
      };
      const patience = setTimeout(finish, lastWordsMs);
      child.once('close', finish);
    });
    // It need not read what it is told.
    child.stdin.on('error', () => undefined).end(JSON.stringify(state));
  });
}

function problemOf({ path, timeout }: OciHook): string | undefined {
  if (!isAbsolute(path) || path.includes('\0')) return 'has no absolute path';
  if (timeout !== undefined && Number(timeout) <= 0) return `has a time limit of ${timeout} s`;
  return undefined;
}

function limitOf({ timeout }: OciHook): number {
  return timeout === undefined ? defaultTimeoutMs : Math.min(Number(timeout) * 1000, maxTimeoutMs);
}

/** Of several values for a name the last one counts. */
function environment(entries: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    entries.map((entry) => {
      const end = entry.indexOf('=');
      return end < 0 ? [entry, ''] : [entry.slice(0, end), entry.slice(end + 1)];
    }),
  );
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It ended in between.
  }
}

function failure(path: string, status: number | string, { lastLine, text: tail }: OutputTail): SandboxError {
  const how = typeof status === 'number' ? `exit code ${status}` : status;
  return new SandboxError(
    'hook_failed',
    `hook ${path} failed (${how})${lastLine === '' ? '' : `: ${lastLine}`}`,
    { tail },
  );
}
