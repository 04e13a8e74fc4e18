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
  readonly input?: string | Uint8Array;
  /** Killed with SIGKILL when it has not taken its input by then. Default: no limit of its own. */
  readonly inputTimeoutMs?: number;
  /** Killed with SIGKILL when it takes longer. Default: no limit. */
  readonly timeoutMs?: number;
  /** What is kept of each output stream; the rest is read and dropped. Default 64 KiB. */
  readonly maxOutputBytes?: number;
  /** How its output becomes text: `latin1` makes one character of each byte, whatever it is. Default `utf8`. */
  readonly encoding?: 'utf8' | 'latin1';
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
  /** What it wrote, cut at {@link ProgramRequest.maxOutputBytes}. */
  readonly stdout: string;
  readonly stderr: string;
  /** Whether it was killed for one of the two limits of time. */
  readonly timedOut: boolean;
}

/**
 * Runs a program to its end.
 *
 * @throws AgentError `helper_failed` when it cannot be started
 */
export type ProgramRunner = (request: ProgramRequest) => Promise<ProgramResult>;

const defaultMaxOutputBytes = 64 * 1024;

function collect(
  stream: NodeJS.ReadableStream,
  { maxOutputBytes = defaultMaxOutputBytes, encoding = 'utf8' }: ProgramRequest,
): () => string {
  const chunks: Buffer[] = [];
  let bytes = 0;
  stream.on('data', (chunk: Buffer) => {
    if (bytes < maxOutputBytes) chunks.push(chunk.subarray(0, maxOutputBytes - bytes));
    bytes += chunk.length;
  });
  return () => Buffer.concat(chunks).toString(encoding);
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
  const stdout = collect(child.stdout, request);
  const stderr = collect(child.stderr, request);
  let timedOut = false;
  const limit = (timeMs: number | undefined) =>
    timeMs === undefined
      ? undefined
      : setTimeout(() => {
          timedOut = true;
          child.kill('SIGKILL');
        }, timeMs);
  const timer = limit(request.timeoutMs);
  const inputTimer = limit(request.inputTimeoutMs);
  child.once('error', (error) => {
    const problem = `program ${request.file} cannot be run`;
    reject(new AgentError('helper_failed', problem, { operand: request.file, cause: error }));
  });
  child.once('close', (exitCode, signal) => {
    resolve({ exitCode, signal, stdout: stdout(), stderr: stderr(), timedOut });
  });
  // A program may end without reading its input; its exit code says what that means.
  child.stdin.on('error', () => undefined);
  child.stdin.once('close', () => clearTimeout(inputTimer));
  child.stdin.end(request.input ?? '');
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    clearTimeout(inputTimer);
  }
};
