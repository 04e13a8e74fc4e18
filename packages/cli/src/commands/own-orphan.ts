// SPDX-License-Identifier: Apache-2.0
import { pipeline } from 'node:stream/promises';

import { adoptSandbox, type Container, type Sandbox } from '@hako/sandbox';

import type { CliComponents } from '../cli-components.ts';
import { watchInterrupts } from '../interrupts.ts';
import { LogFile } from '../logs/log-file.ts';
import type { OwnerReport } from '../owner-report.ts';
import { presentError } from '../present-error.ts';
import { reportToParent } from '../start-owner.ts';

/** Word of the hidden command that owns an adopted sandbox. */
export const orphanOwnerCommand = 'own-orphan';

/** A workload that was asked to end gets so long before its machine is taken away. */
const graceMs = 10_000;

/**
 * The process behind `hako adopt`: becomes the owner of a sandbox whose owner is dead, goes on with its log, and ends with its
 * workload. It reports to the process that started it, once.
 * @param id the sandbox
 * @param components the program's world
 * @param report tells the starter; default: over the channel that `spawn` made
 */
export async function ownOrphan(
  id: string,
  components: CliComponents,
  report: (message: OwnerReport) => void = reportToParent,
): Promise<number> {
  using interrupts = watchInterrupts(components.onSignal, graceMs);
  let hasReported = false;
  try {
    await using sandbox = await adoptSandbox(id, { signal: interrupts.signal }, components.sandbox);
    const container = (await sandbox.containers()).at(0);
    interrupts.handOver({
      forward: (name) => void (container?.kill(name) ?? sandbox.stop()).catch(() => undefined),
      tearDown: () => void sandbox.stop({ graceful: false }).catch(() => undefined),
    });
    report({ kind: 'running', id: sandbox.id });
    hasReported = true;
    if (container === undefined) {
      await sandbox.ended;
      return 0;
    }
    const exitCode = await attend(sandbox, container);
    await sandbox.stop({ exitCode });
    return exitCode;
  } catch (error) {
    const { line, exitCode } = presentError(error);
    if (!hasReported) report({ kind: 'failed', line: line ?? 'hako: interrupted', exitCode });
    return exitCode;
  }
}

async function attend({ directory }: Sandbox, container: Container): Promise<number> {
  const log = await LogFile.create(directory);
  const [exitCode] = await Promise.all([
    container.wait(),
    pipeline(container.stdout, log.writer('stdout')),
    pipeline(container.stderr, log.writer('stderr')),
  ]);
  return exitCode;
}
