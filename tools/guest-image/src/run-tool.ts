// SPDX-License-Identifier: Apache-2.0
import { execa, ExecaError } from 'execa';
import { GuestImageError } from './guest-image-error.ts';

/** System administration programs are not in every user's `PATH` on Debian. */
const administrationPath = '/usr/sbin:/sbin';

/**
 * Runs a program of the build host and returns its standard output.
 *
 * Errors: `tool_failed` with the program's name and the last line of its standard error.
 */
export async function runTool(
  program: string,
  programArguments: readonly string[],
  options: { signal?: AbortSignal | undefined; timeoutMs?: number } = {},
): Promise<string> {
  try {
    const result = await execa(program, programArguments, {
      stdin: 'ignore',
      env: { PATH: `${process.env['PATH'] ?? ''}:${administrationPath}`, LC_ALL: 'C', TZ: 'UTC' },
      ...(options.timeoutMs !== undefined && { timeout: options.timeoutMs }),
      ...(options.signal && { cancelSignal: options.signal }),
    });
    return result.stdout;
  } catch (error) {
    const reason = error instanceof ExecaError ? lastLine(error.message) : String(error);
    throw new GuestImageError('tool_failed', `${program} failed: ${reason}`, { cause: error });
  }
}

function lastLine(text: string): string {
  return text.trimEnd().split('\n').at(-1) ?? '';
}
