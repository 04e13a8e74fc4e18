// SPDX-License-Identifier: Apache-2.0
import type { Command } from 'commander';

import type { CliComponents } from '../cli-components.ts';
import type { Finish } from './finish.ts';

/**
 * Adds `hako network`.
 * @param program the command line
 * @param components the program's world
 * @param finish receives the exit code
 */
export function addNetworkCommand(program: Command, components: CliComponents, finish: Finish): void {
  const network = program.command('network').description('look at the networks of sandboxes');
  network
    .command('ls')
    .description('list interfaces and routes as the guest has them')
    .argument('<sandbox>')
    .option('--json', 'for programs')
    .action(async (sandbox: string, { json = false }: { json?: boolean }) => {
      const { networkLs } = await import('../commands/network-ls.ts');
      finish(await networkLs(sandbox, json, components));
    });
}
