// SPDX-License-Identifier: Apache-2.0
import type { Command } from 'commander';

import type { CliComponents } from '../cli-components.ts';
import type { Finish } from './finish.ts';

/**
 * Adds the commands for the life of sandboxes.
 * @param program the command line
 * @param components the program's world
 * @param finish receives the exit code
 */
export function addSandboxCommands(program: Command, components: CliComponents, finish: Finish): void {
  program
    .command('ps')
    .description('list sandboxes')
    .option('-c, --containers', 'list the containers of those that run')
    .option('--json', 'for programs')
    .option('-q, --quiet', 'names only')
    .action(async (words: { json?: boolean; quiet?: boolean; containers?: boolean }) => {
      const { json = false, quiet = false, containers = false } = words;
      const { ps } = await import('../commands/ps.ts');
      finish(await ps({ json, quiet, containers }, components));
    });
  program
    .command('stop')
    .description('end sandboxes in order')
    .argument('<sandbox...>')
    .option('-t, --time <seconds>', 'by force after so long; default 15')
    .action(async (sandboxes: string[], { time }: { time?: string }) => {
      const { stop } = await import('../commands/stop.ts');
      finish(await stop(sandboxes, time, components));
    });
  program
    .command('rm')
    .description('remove the records of sandboxes that have ended')
    .argument('<sandbox...>')
    .option('-f, --force', 'stop them first')
    .action(async (sandboxes: string[], { force = false }: { force?: boolean }) => {
      const { rm } = await import('../commands/rm.ts');
      finish(await rm(sandboxes, force, components));
    });
  program
    .command('adopt')
    .description('give sandboxes whose owner process was killed a new one')
    .argument('<sandbox...>', 'those that `hako ps` calls orphaned')
    .action(async (sandboxes: string[]) => {
      const { adopt } = await import('../commands/adopt.ts');
      finish(await adopt(sandboxes, components));
    });
  program
    .command('logs')
    .description('print what a detached workload printed')
    .argument('<sandbox>')
    .option('-f, --follow', 'go on until it ends')
    .action(async (sandbox: string, { follow = false }: { follow?: boolean }) => {
      const { logs } = await import('../commands/logs.ts');
      finish(await logs(sandbox, follow, components));
    });
}
