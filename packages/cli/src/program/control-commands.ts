// SPDX-License-Identifier: Apache-2.0
import type { Command } from 'commander';

import type { CliComponents } from '../cli-components.ts';
import type { LimitWords } from '../parse/limits.ts';
import type { Finish } from './finish.ts';

/**
 * Adds the commands that steer running containers.
 * @param program the command line
 * @param components the program's world
 * @param finish receives the exit code
 */
export function addControls(program: Command, components: CliComponents, finish: Finish): void {
  for (const [name, operation, description] of [
    ['pause', 'pause', 'freeze sandboxes with all their containers, or single containers'],
    ['unpause', 'resume', 'let them go on'],
  ] as const) {
    program
      .command(name)
      .description(description)
      .argument('<sandbox...>', 'SANDBOX, or SANDBOX/CONTAINER for one container')
      .action(async (sandboxes: string[]) => {
        const { pause } = await import('../commands/pause.ts');
        finish(await pause(operation, sandboxes, components));
      });
  }
  program
    .command('stats')
    .description('show what containers use')
    .argument('[sandbox...]', 'SANDBOX, or SANDBOX/CONTAINER; default: all that run')
    .option('--json', 'for programs; with --follow one list per line')
    .option('-f, --follow', 'once a second, until they end')
    .action(
      async (sandboxes: string[], { json = false, follow = false }: { json?: boolean; follow?: boolean }) => {
        const { stats } = await import('../commands/stats.ts');
        finish(await stats({ sandboxes, json, follow }, components));
      },
    );
  program
    .command('update')
    .description('change the limits of containers')
    .argument('<sandbox...>', 'SANDBOX for its first container, or SANDBOX/CONTAINER')
    .option('-m, --memory <size>', 'memory, such as 64m; what does not fit is killed')
    .option('--memory-swap <size>', 'memory and swap together')
    .option('--memory-swappiness <n>', 'how readily they swap, 0 to 100; above 0 they do')
    .option('--cpus <n>', 'CPU time, such as 0.5')
    .option('--cpu-shares <n>', 'share of the CPUs beside other containers; usually 1024')
    .option('--cpuset-cpus <list>', "the machine's CPUs it may run on, such as 0-1")
    .option('--pids <n>', 'processes and threads')
    .action(async (sandboxes: string[], words: LimitWords) => {
      const { parseLimits } = await import('../parse/limits.ts');
      const limits = parseLimits(words);
      const { update } = await import('../commands/update.ts');
      finish(await update(sandboxes, limits, components));
    });
}
