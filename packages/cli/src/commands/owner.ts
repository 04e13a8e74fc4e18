// SPDX-License-Identifier: Apache-2.0
import { Readable } from 'node:stream';

import type { CliComponents } from '../cli-components.ts';
import { LogFile } from '../logs/log-file.ts';
import { ownerProcess } from '../owner-process.ts';
import type { RunRequest } from '../run-request.ts';
import { runWorkload } from '../run-workload.ts';
import { createProgress } from '../terminal/progress.ts';

/**
 * The process behind `hako run --detach`: owns the machine, writes the log, serves other `hako` commands, and ends with
 * the workload.
 * @param request what to run
 * @param components the program's world
 */
export function own(request: RunRequest, components: CliComponents): Promise<number> {
  return ownerProcess(components, async (interrupts, sayRunning) => {
    const outputs = { stdin: Readable.from([]), stdout: components.stdout, stderr: components.stderr };
    let id = '';
    const { exitCode } = await runWorkload(request, {
      streams: outputs,
      env: components.env,
      interrupts,
      progress: createProgress(components.stderr),
      sandbox: components.sandbox,
      keepRecord: !request.remove,
      onSandbox: async (sandbox) => {
        id = sandbox.id;
        const log = await LogFile.create(sandbox.directory);
        outputs.stdout = log.writer('stdout');
        outputs.stderr = log.writer('stderr');
      },
      onRunning: () => sayRunning(id),
    });
    return exitCode;
  });
}
