// SPDX-License-Identifier: Apache-2.0
import type { CliComponents } from '../cli-components.ts';
import { watchInterrupts } from '../interrupts.ts';
import { startOrphanOwner } from '../start-owner.ts';

/**
 * `hako adopt`: gives sandboxes whose owner is dead a new one, and prints their names. One line for each that cannot be.
 * @param ids the sandboxes
 * @param components the program's world
 */
export async function adopt(ids: readonly string[], components: CliComponents): Promise<number> {
  using interrupts = watchInterrupts(components.onSignal);
  let worst = 0;
  for (const id of ids) {
    const report = await startOrphanOwner(id, components, interrupts.signal);
    if (report.kind === 'running') {
      components.stdout.write(`${report.id}\n`);
    } else {
      components.stderr.write(`${report.line}\n`);
      worst = report.exitCode;
    }
    if (interrupts.exitCode !== undefined) return interrupts.exitCode;
  }
  return worst;
}
