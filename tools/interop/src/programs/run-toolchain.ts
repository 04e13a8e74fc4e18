// SPDX-License-Identifier: Apache-2.0
import { spawn } from 'node:child_process';
import { constants, setPriority } from 'node:os';
import { text } from 'node:stream/consumers';

/** A toolchain's command that failed. */
export class ToolchainError extends Error {
  /** Whether the command is not installed at all. */
  readonly notInstalled: boolean;

  constructor(message: string, notInstalled: boolean, options?: ErrorOptions) {
    super(message, options);
    this.name = 'ToolchainError';
    this.notInstalled = notInstalled;
  }
}

/** How to run a toolchain. */
export interface ToolchainOptions {
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
}

/**
 * Runs a compiler or its package manager at low priority and returns what it printed.
 * @throws ToolchainError with the end of what it said, when it cannot be started or fails.
 */
export async function runToolchain(
  command: string,
  args: readonly string[],
  { cwd, env = {} }: ToolchainOptions,
): Promise<string> {
  const child = spawn(command, args, {
    cwd,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  if (child.pid !== undefined) setPriority(child.pid, constants.priority.PRIORITY_BELOW_NORMAL);
  const exit = new Promise<number | NodeJS.Signals>((resolve, reject) => {
    child.once('error', (cause) =>
      reject(new ToolchainError(`${command} cannot be started`, true, { cause })),
    );
    child.once('close', (code, signal) => resolve(code ?? signal ?? 0));
  });
  const [ended, stdout, stderr] = await Promise.all([exit, text(child.stdout), text(child.stderr)]);
  if (ended === 0) return stdout;
  throw new ToolchainError(
    `${command} ${args.join(' ')} ended with ${ended}: ${stderr.trim().slice(-2000)}`,
    false,
  );
}
