// SPDX-License-Identifier: Apache-2.0
import { Readable } from 'node:stream';

import type { CliComponents } from '../cli-components.ts';
import { watchInterrupts } from '../interrupts.ts';
import { LogFile } from '../logs/log-file.ts';
import type { OwnerReport } from '../owner-report.ts';
import { presentError } from '../present-error.ts';
import type { RunRequest } from '../run-request.ts';
import { runWorkload } from '../run-workload.ts';
import { reportToParent } from '../start-owner.ts';
import { createProgress } from '../terminal/progress.ts';

/** A workload that was asked to end gets so long before its machine is taken away. */
const graceMs = 10_000;

/**
 * The process behind `hako run --detach`: owns the machine, writes the log, serves other `hako` commands, and ends with
 * the workload. It reports to the process that started it, once.
 * @param request what to run
 * @param components the program's world
 * @param report tells the starter; default: over the channel that `spawn` made
 */
export async function own(
  request: RunRequest,
  components: CliComponents,
  report: (message: OwnerReport) => void = reportToParent,
): Promise<number> {
  using interrupts = watchInterrupts(components.onSignal, graceMs);
  const outputs = { stdin: Readable.from([]), stdout: components.stdout, stderr: components.stderr };
  const reported: { id: string; running: boolean } = { id: '', running: false };
  try {
    const { exitCode } = await runWorkload(request, {
      streams: outputs,
      env: components.env,
      interrupts,
      progress: createProgress(components.stderr),
      sandbox: components.sandbox,
      keepRecord: !request.remove,
      onSandbox: async (sandbox) => {
        reported.id = sandbox.id;
        const log = await LogFile.create(sandbox.directory);
        outputs.stdout = log.writer('stdout');
        outputs.stderr = log.writer('stderr');
      },
      onRunning: () => {
        reported.running = true;
        report({ kind: 'running', id: reported.id });
      },
    });
    return exitCode;
  } catch (error) {
    const { line, exitCode } = presentError(error);
    if (reported.running) return exitCode;
    report({ kind: 'failed', line: line ?? 'hako: interrupted', exitCode });
    return exitCode;
  }
}
