// SPDX-License-Identifier: Apache-2.0
import type { Command } from 'commander';

import type { CliComponents } from '../cli-components.ts';
import { parseEnvironment } from '../parse/environment.ts';
import { collect } from './collect.ts';
import type { Finish } from './finish.ts';

interface ExecWords {
  readonly interactive?: boolean;
  readonly tty?: boolean;
  readonly env?: readonly string[];
  readonly workdir?: string;
  readonly user?: string;
}

/**
 * Adds `hako exec`.
 * @param program the command line
 * @param components the program's world
 * @param finish receives the exit code
 */
export function addExec(program: Command, components: CliComponents, finish: Finish): void {
  program
    .command('exec')
    .description('run one more program in a sandbox')
    .argument('<sandbox>', 'SANDBOX for its first container, or SANDBOX/CONTAINER')
    .argument('<command...>')
    .passThroughOptions()
    .option('-i, --interactive', 'give the program our standard input')
    .option('-t, --tty', 'give the program a terminal')
    .option('-e, --env <name=value>', 'set a variable; NAME alone takes ours over', collect)
    .option('-w, --workdir <dir>', 'working directory')
    .option('-u, --user <uid[:gid]>', 'user, by number')
    .action(async (sandbox: string, command: string[], words: ExecWords) => {
      const { exec } = await import('../commands/exec.ts');
      const request = {
        sandbox,
        command,
        interactive: words.interactive ?? false,
        terminal: words.tty ?? false,
        env: (words.env ?? []).flatMap((entry) => parseEnvironment(entry, components.env)),
        ...(words.workdir === undefined ? {} : { cwd: words.workdir }),
        ...(words.user === undefined ? {} : { user: words.user }),
      };
      finish(await exec(request, components));
    });
}
