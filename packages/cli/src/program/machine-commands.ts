// SPDX-License-Identifier: Apache-2.0
import type { Command } from 'commander';

import type { CliComponents } from '../cli-components.ts';
import type { Finish } from './finish.ts';

/**
 * Adds the commands that look at this machine.
 * @param program the command line
 * @param components the program's world
 * @param finish receives the exit code
 */
export function addMachineCommands(program: Command, components: CliComponents, finish: Finish): void {
  program
    .command('doctor')
    .description('check whether this machine can run sandboxes')
    .option('--json', 'for programs')
    .action(async ({ json = false }: { json?: boolean }) => {
      const { doctor } = await import('../commands/doctor.ts');
      finish(await doctor(json, components));
    });
  program
    .command('demo')
    .description('boot a sandbox and show how long each phase took')
    .action(async () => {
      const { demo } = await import('../commands/demo.ts');
      finish(await demo(components));
    });
}
