// SPDX-License-Identifier: Apache-2.0
import { resolveImage, SandboxError } from '@hako/sandbox';

import { attachTo } from '../attach.ts';
import type { CliComponents } from '../cli-components.ts';
import { watchInterrupts } from '../interrupts.ts';
import { outOfMemoryLine, wasOutOfMemory } from '../out-of-memory.ts';
import type { RunRequest } from '../run-request.ts';
import { attend } from '../terminal/attend.ts';
import { workloadOptions } from '../workload-options.ts';

/**
 * `hako run --sandbox`: one more container in a sandbox that another process owns, from its image to the last trace of it.
 * It ends with the sandbox at the latest. Answers with its exit code.
 * @param id the sandbox, or the unique beginning of its name
 * @param request what to run
 * @param components the program's world
 */
export async function runInSandbox(
  id: string,
  request: RunRequest,
  components: CliComponents,
): Promise<number> {
  using interrupts = watchInterrupts(components.onSignal);
  const { signal } = interrupts;
  const { interactive, terminal } = request;
  try {
    const image = await resolveImage(request.image, { signal });
    const wanted = workloadOptions(request, image, signal);
    await using sandbox = await attachTo(id, components, signal);
    await using container = await sandbox.createContainer(wanted);
    const start = (): Promise<void> => container.start({ signal });
    const exitCode = await attend(container, components, interrupts, { interactive, terminal, start });
    if (await wasOutOfMemory(exitCode, () => sandbox.ranOutOfMemory(container.id)))
      components.stderr.write(`${outOfMemoryLine}\n`);
    return exitCode;
  } catch (error) {
    if (interrupts.exitCode !== undefined && error instanceof SandboxError && error.code === 'aborted')
      return interrupts.exitCode;
    throw error;
  }
}
