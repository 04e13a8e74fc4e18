// SPDX-License-Identifier: Apache-2.0
import type { ProgramResult, ProgramRunner } from './program-runner.ts';

/** Path of the program. */
export const modprobePath = '/sbin/modprobe';

/** Loading a module takes milliseconds; one that hangs must not hang the call that needs it. */
const timeoutMs = 30_000;

/**
 * Runs modprobe(8).
 *
 * @param signal - kills it
 * @throws AgentError `helper_failed` when it cannot be started
 */
export async function modprobe(
  runProgram: ProgramRunner,
  args: readonly string[],
  signal?: AbortSignal,
): Promise<ProgramResult> {
  return await runProgram({ file: modprobePath, args, timeoutMs, ...(signal && { signal }) });
}
