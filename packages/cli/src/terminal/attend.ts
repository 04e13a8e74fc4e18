// SPDX-License-Identifier: Apache-2.0
import type { GuestProcess } from '@hako/sandbox';

import type { ConsoleStreams } from '../console-streams.ts';
import { exitCodes } from '../exit-codes.ts';
import type { Interrupts } from '../interrupts.ts';
import { rawTerminal } from './raw-terminal.ts';
import { ReaderGone, relay } from './relay.ts';
import { followTerminalSize } from './terminal-size.ts';

/** How to attend to a process in a sandbox of another process. */
export interface AttendOptions {
  readonly interactive: boolean;
  readonly terminal: boolean;
  /** Lets the process run; default: it runs. */
  readonly start?: () => Promise<void>;
}

/**
 * Stays with a process until it ends: its streams and terminal are ours, signals go to it, the second one kills it. Answers
 * with its exit code. Errors: those of the process's waits.
 * @param workload the process
 * @param streams ours
 * @param interrupts from now on the process's
 * @param options how
 */
export async function attend(
  workload: GuestProcess,
  streams: ConsoleStreams,
  interrupts: Interrupts,
  { interactive, terminal, start }: AttendOptions,
): Promise<number> {
  const kill = (name: NodeJS.Signals): void => void workload.kill(name).catch(() => undefined);
  using terminalUse = new DisposableStack();
  if (terminal) terminalUse.use(await followTerminalSize(streams.stdout, workload));
  await start?.();
  interrupts.handOver({ forward: kill, tearDown: () => kill('SIGKILL') });
  if (terminal && interactive) terminalUse.use(rawTerminal(streams.stdin));
  try {
    const [exitCode] = await Promise.all([workload.wait(), relay(workload, streams, { interactive })]);
    return exitCode;
  } catch (error) {
    if (!(error instanceof ReaderGone)) throw error;
    await workload.kill('SIGKILL');
    return exitCodes.signalBase + error.signal;
  }
}
