// SPDX-License-Identifier: Apache-2.0
import { SandboxError } from '@hako/sandbox';

import type { CliComponents } from '../cli-components.ts';
import { watchInterrupts } from '../interrupts.ts';
import { outOfMemoryLine } from '../out-of-memory.ts';
import type { RunRequest } from '../run-request.ts';
import { runWorkload } from '../run-workload.ts';
import { createProgress } from '../terminal/progress.ts';

/**
 * `hako run` in the foreground: the workload's streams are ours, and so is its exit code.
 * @param request what to run
 * @param components the program's world
 */
export async function run(request: RunRequest, components: CliComponents): Promise<number> {
  using interrupts = watchInterrupts(components.onSignal);
  using progress = createProgress(components.stderr);
  try {
    const { exitCode, isOutOfMemory } = await runWorkload(request, {
      streams: components,
      env: components.env,
      interrupts,
      progress,
      sandbox: components.sandbox,
    });
    if (isOutOfMemory) components.stderr.write(`${outOfMemoryLine}\n`);
    return exitCode;
  } catch (error) {
    if (interrupts.exitCode !== undefined && isConsequence(error)) return interrupts.exitCode;
    throw error;
  }
}

/** After a signal the run ends by `aborted`, or by `invalid_state` because its sandbox was stopped. */
function isConsequence(error: unknown): boolean {
  return error instanceof SandboxError && (error.code === 'aborted' || error.code === 'invalid_state');
}
