// SPDX-License-Identifier: Apache-2.0
import type { CliComponents } from '../cli-components.ts';
import { watchInterrupts } from '../interrupts.ts';
import { startOwner } from '../start-owner.ts';

/** Word of the hidden command that owns a detached sandbox. */
const ownerCommand = 'own';

/**
 * `hako run --detach`: starts a process of its own session that owns the sandbox, and prints the sandbox's name once the
 * workload runs. A signal that comes before is passed on, and the owner takes everything back.
 * @param runWords all words after `run`, as they were given
 * @param components the program's world
 */
export async function detach(runWords: readonly string[], components: CliComponents): Promise<number> {
  using interrupts = watchInterrupts(components.onSignal);
  const report = await startOwner([ownerCommand, ...runWords], components, interrupts.signal);
  if (report.kind === 'running') {
    components.stdout.write(`${report.id}\n`);
    return 0;
  }
  components.stderr.write(`${report.line}\n`);
  return interrupts.exitCode ?? report.exitCode;
}
