// SPDX-License-Identifier: Apache-2.0
import { findSandbox } from '@hako/sandbox';

import type { CliComponents } from '../cli-components.ts';
import { watchInterrupts } from '../interrupts.ts';
import { startOwner } from '../start-owner.ts';
import { orphanOwnerCommand } from './own-orphan.ts';

/**
 * `hako adopt`: gives sandboxes whose owner is dead a new one, and prints their names. One line for each that cannot be.
 * @param ids the sandboxes
 * @param components the program's world
 */
export async function adopt(ids: readonly string[], components: CliComponents): Promise<number> {
  using interrupts = watchInterrupts(components.onSignal);
  let worst = 0;
  for (const id of ids) {
    const { id: name } = await findSandbox(id);
    const report = await startOwner([orphanOwnerCommand, name], components, interrupts.signal);
    if (report.kind === 'running') {
      components.stdout.write(`${report.id}\n`);
      continue;
    }
    components.stderr.write(`${report.line}\n`);
    worst = report.exitCode;
  }
  return interrupts.exitCode ?? worst;
}
