// SPDX-License-Identifier: Apache-2.0
import { AgentError } from '../errors/agent-error.ts';

/** A program the agent runs for itself. */
export interface ProgramRequest {
  /** Absolute path, or a name found in `PATH`. */
  readonly file: string;
  readonly args: readonly string[];
  /** Default: the agent's own environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** Written to its standard input, which is then closed. Default: nothing. */
  readonly input?: string;
  /** Killed with SIGKILL when it takes longer. Default: no limit. */
  readonly timeoutMs?: number;
  /** Kills it. */
  readonly signal?: AbortSignal;
  /** Name the program sees as its own. Default: `file`. */
  readonly argv0?: string;
}

/** How a program ended. */
export interface ProgramResult {
  /** Exit code, or null when a signal ended it. */
  readonly exitCode: number | null;
  /** Name of the signal, or null. */
  readonly signal: string | null;
  /** What it wrote, cut at 64 KiB per stream. */
  readonly stdout: string;
  readonly stderr: string;
  readonly timedOut: boolean;
}

/**
 * Runs a program to its end.
 *
 * @throws AgentError `helper_failed` when it cannot be started
 */
export type ProgramRunner = (request: ProgramRequest) => Promise<ProgramResult>;

/** What is kept of each output stream; the rest is read and dropped. */
const maxOutputBytes = 64 * 1024;

function collect(stream: NodeJS.ReadableStream): () => string {
  const chunks: Buffer[] = [];
  let bytes = 0;
  stream.on('data', (chunk: Buffer) => {
    if (bytes < maxOutputBytes) chunks.push(chunk.subarray(0, maxOutputBytes - bytes));
    bytes += chunk.length;
  });
  return () => Buffer.concat(chunks).toString('utf8');
}

/** Runs programs by child_process. */
export const runProgram: ProgramRunner = async (request) => {
  // Loaded when first needed; the agent answers sooner without it.
  const { spawn } = process.getBuiltinModule('node:child_process');
  const child = spawn(request.file, request.args, {
    env: request.env ?? process.env,
    stdio: ['pipe', 'pipe', 'pipe'],
    ...(request.argv0 === undefined ? {} : { argv0: request.argv0 }),
    ...(request.signal === undefined ? {} : { signal: request.signal, killSignal: 'SIGKILL' }),
  });
  const { promise, resolve, reject } = Promise.withResolvers<ProgramResult>();
  const stdout = collect(child.stdout);
  const stderr = collect(child.stderr);
  let timedOut = false;
  const timer =
    request.timeoutMs === undefined
      ? undefined
      : setTimeout(() => {
          timedOut = true;
          child.kill('SIGKILL');
        }, request.timeoutMs);
  child.once('error', (error) => {
    const problem = `program ${request.file} cannot be run`;
    reject(new AgentError('helper_failed', problem, { operand: request.file, cause: error }));
  });
  child.once('close', (exitCode, signal) => {
    resolve({ exitCode, signal, stdout: stdout(), stderr: stderr(), timedOut });
  });
  // A program may end without reading its input; its exit code says what that means.
  child.stdin.on('error', () => undefined);
  child.stdin.end(request.input ?? '');
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
  }
};
