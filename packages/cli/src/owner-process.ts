// SPDX-License-Identifier: Apache-2.0
import process from 'node:process';

import type { CliComponents } from './cli-components.ts';
import { watchInterrupts, type Interrupts } from './interrupts.ts';
import type { OwnerReport } from './owner-report.ts';
import { presentError } from './present-error.ts';

/** A workload that was asked to end gets so long before its machine is taken away. */
const graceMs = 10_000;

/**
 * The life of a process that was started to own a sandbox. It tells the process that started it once how that went: that the
 * sandbox runs, or what it failed with.
 * @param components the program's world
 * @param own owns the sandbox to its end, and says meanwhile that it runs; answers with the exit code
 */
export async function ownerProcess(
  { onSignal }: Pick<CliComponents, 'onSignal'>,
  own: (interrupts: Interrupts, sayRunning: (id: string) => void) => Promise<number>,
): Promise<number> {
  using interrupts = watchInterrupts(onSignal, graceMs);
  const report = reporter();
  try {
    return await own(interrupts, (id) => report({ kind: 'running', id }));
  } catch (error) {
    const { line, exitCode } = presentError(error);
    report({ kind: 'failed', line: line ?? 'hako: interrupted', exitCode });
    return exitCode;
  }
}

/** Tells the process that started this one, over the channel that `spawn` made; only the first word counts. */
function reporter(): (message: OwnerReport) => void {
  let hasReported = false;
  return (message) => {
    if (hasReported) return;
    hasReported = true;
    process.send?.(message, () => {
      if (process.connected) process.disconnect?.();
    });
  };
}
