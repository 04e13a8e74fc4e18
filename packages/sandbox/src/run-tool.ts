// SPDX-License-Identifier: Apache-2.0
import { spawn } from 'node:child_process';

import { OutputTail } from './output-tail.ts';
import { SandboxError } from './sandbox-error.ts';

/** Longest stretch of a tool's output that is kept, in characters; the rest is dropped from its beginning. */
const defaultMaxOutputLength = 64 * 1024;

/** Milliseconds a tool may take unless told otherwise. */
const defaultTimeoutMs = 30_000;

/** How to run a tool. */
export interface RunToolOptions {
  /** Kills the tool with SIGKILL. */
  readonly signal?: AbortSignal | undefined;
  /** Limit in milliseconds; default 30 s. */
  readonly timeoutMs?: number;
  /** Longest stretch of its output that is kept, in characters; what comes before is dropped. Default 65,536. */
  readonly maxOutputLength?: number;
  /** Descriptors the tool inherits from 3 on. */
  readonly inheritedFds?: readonly number[];
}

/**
 * Runs a program of the host to its end and returns its standard output.
 * Errors: `tool_missing`, `tool_failed` (with the tail of its standard error), `timeout`, `aborted`.
 * @param file program, looked up in PATH
 * @param args its arguments; never interpreted by a shell
 * @param options limits
 */
export function runTool(
  file: string,
  args: readonly string[],
  options: RunToolOptions = {},
): Promise<string> {
  const { signal, timeoutMs = defaultTimeoutMs, inheritedFds = [] } = options;
  const { maxOutputLength = defaultMaxOutputLength } = options;
  if (signal?.aborted === true) {
    return Promise.reject(new SandboxError('aborted', `${file} aborted`, { cause: signal.reason }));
  }
  return new Promise((resolve, reject) => {
    // A session of its own: the caller's signal decides about its end, not a key at a terminal.
    const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'pipe', ...inheritedFds], detached: true });
    const stdout = new OutputTail(child.stdout, maxOutputLength);
    const stderr = new OutputTail(child.stderr, maxOutputLength);
    let early: SandboxError | undefined;
    const end = (error: SandboxError): void => {
      early ??= error;
      child.kill('SIGKILL');
    };
    const onAbort = (): void =>
      end(new SandboxError('aborted', `${file} aborted`, { cause: signal?.reason }));
    const timer = setTimeout(
      () => end(new SandboxError('timeout', `${file} took longer than ${timeoutMs} ms`)),
      timeoutMs,
    );
    signal?.addEventListener('abort', onAbort, { once: true });
    const settle = (act: () => void): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
      act();
    };
    child.once('error', (cause: NodeJS.ErrnoException) =>
      settle(() =>
        reject(
          cause.code === 'ENOENT'
            ? new SandboxError('tool_missing', `${file} is not installed`, {
                cause,
                remedy: 'run `hako doctor`',
              })
            : new SandboxError('tool_failed', `${file} cannot be started: ${cause.message}`, { cause }),
        ),
      ),
    );
    child.once('close', (code, killedBy) =>
      settle(() => {
        if (early !== undefined) reject(early);
        else if (code === 0) resolve(stdout.text);
        else reject(toolFailure(file, args, code ?? killedBy ?? 'unknown', stderr));
      }),
    );
  });
}

function toolFailure(
  file: string,
  args: readonly string[],
  status: number | string,
  { lastLine, text }: OutputTail,
): SandboxError {
  const why = lastLine === '' ? `ended with ${status}` : lastLine;
  return new SandboxError('tool_failed', `${file} failed: ${why}`, {
    tail: `${file} ${args.join(' ')}\n${text}`,
  });
}
