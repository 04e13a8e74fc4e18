// SPDX-License-Identifier: Apache-2.0
import { attachSandbox, SandboxError } from '@hako/sandbox';

import type { CliComponents } from '../cli-components.ts';
import { exitCodes } from '../exit-codes.ts';
import { watchInterrupts } from '../interrupts.ts';
import { rawTerminal } from '../terminal/raw-terminal.ts';
import { ReaderGone, relay } from '../terminal/relay.ts';
import { followTerminalSize } from '../terminal/terminal-size.ts';

/** What `hako exec` shall do. */
export interface ExecRequest {
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
  const { connectAgent } = components.sandbox;
  try {
    await using sandbox = await attachSandbox(request.sandbox, {
      signal,
      ...(connectAgent === undefined ? {} : { connectAgent }),
    });
    const workload = await sandbox.exec({
      command,
      env,
      terminal,
      stdin: interactive ? 'pipe' : 'closed',
      signal,
      ...(cwd === undefined ? {} : { cwd }),
      ...(user === undefined ? {} : { user }),
    });
    const kill = (name: NodeJS.Signals): void => void workload.kill(name).catch(() => undefined);
    interrupts.handOver({ forward: kill, tearDown: () => kill('SIGKILL') });
    using terminalUse = new DisposableStack();
    if (terminal) terminalUse.use(await followTerminalSize(components.stdout, workload));
    if (terminal && interactive) terminalUse.use(rawTerminal(components.stdin));
    try {
      const [exitCode] = await Promise.all([workload.wait(), relay(workload, components, { interactive })]);
      return exitCode;
    } catch (error) {
      if (!(error instanceof ReaderGone)) throw error;
      await workload.kill('SIGKILL');
      return exitCodes.signalBase + error.signal;
    }
  } catch (error) {
    if (interrupts.exitCode !== undefined && error instanceof SandboxError && error.code === 'aborted') {
      return interrupts.exitCode;
    }
    throw error;
  }
}
