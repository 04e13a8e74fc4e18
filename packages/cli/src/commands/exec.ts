// SPDX-License-Identifier: Apache-2.0
import { SandboxError } from '@hako/sandbox';

import { attachTo } from '../attach.ts';
import type { CliComponents } from '../cli-components.ts';
import { containerOf, parseTarget } from '../container-name.ts';
import { watchInterrupts } from '../interrupts.ts';
import { attend } from '../terminal/attend.ts';

/** What `hako exec` shall do. */
export interface ExecRequest {
  /** `SANDBOX`, for the first container, or `SANDBOX/CONTAINER`. */
  readonly sandbox: string;
  readonly command: readonly string[];
  readonly interactive: boolean;
  readonly terminal: boolean;
  readonly env: readonly string[];
  readonly cwd?: string;
  readonly user?: string;
}

/**
 * `hako exec`: one more program in a sandbox that another process owns. Answers with its exit code.
 * @param request what to run
 * @param components the program's world
 */
export async function exec(request: ExecRequest, components: CliComponents): Promise<number> {
  using interrupts = watchInterrupts(components.onSignal);
  const { signal } = interrupts;
  const { command, cwd, env, interactive, terminal, user } = request;
  try {
    const target = parseTarget(request.sandbox);
    await using sandbox = await attachTo(target.sandbox, components, signal);
    const { container } = await containerOf(sandbox, target);
    const workload = await container.exec({
      command,
      env,
      terminal,
      stdin: interactive ? 'pipe' : 'closed',
      signal,
      ...(cwd === undefined ? {} : { cwd }),
      ...(user === undefined ? {} : { user }),
    });
    return await attend(workload, components, interrupts, { interactive, terminal });
  } catch (error) {
    if (interrupts.exitCode !== undefined && error instanceof SandboxError && error.code === 'aborted') {
      return interrupts.exitCode;
    }
    throw error;
  }
}
