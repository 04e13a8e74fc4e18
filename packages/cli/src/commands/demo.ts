// SPDX-License-Identifier: Apache-2.0
import type { CliComponents } from '../cli-components.ts';
import { watchInterrupts } from '../interrupts.ts';
import { runRequest } from '../run-request.ts';
import { runWorkload } from '../run-workload.ts';
import { createProgress } from '../terminal/progress.ts';

const script = `
echo "Hello from a container in its own virtual machine."
echo "  guest kernel   $(uname -sr)"
echo "  PID 1 here     $(cat /proc/1/comm)"
echo "  host name      $(hostname)"
`;

/**
 * `hako demo`: boots a machine, lets a container tell where it is, and shows how long each phase took.
 * @param components the program's world
 */
export async function demo(components: CliComponents): Promise<number> {
  using interrupts = watchInterrupts(components.onSignal);
  using progress = createProgress(components.stderr);
  const request = runRequest('busybox', ['sh', '-c', script], { hostname: 'hako-demo' }, components.env);
  const { exitCode, phases } = await runWorkload(request, {
    streams: components,
    env: components.env,
    interrupts,
    progress,
    sandbox: components.sandbox,
  });
  const { default: Table } = await import('cli-table3');
  const table = new Table({
    head: ['phase', 'began at', 'took'],
    colAligns: ['left', 'right', 'right'],
    style: { head: [], border: [] },
  });
  for (const { name, startMs, durationMs } of phases) {
    table.push([name, `${startMs.toFixed(0)} ms`, `${durationMs.toFixed(0)} ms`]);
  }
  components.stdout.write(`\n${table.toString()}\n`);
  return exitCode;
}
