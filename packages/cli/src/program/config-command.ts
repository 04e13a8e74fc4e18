// SPDX-License-Identifier: Apache-2.0
import type { Command } from 'commander';

import type { CliComponents } from '../cli-components.ts';
import type { Finish } from './finish.ts';

interface ConfigShowWords {
  readonly config?: string;
  readonly changed?: boolean;
  readonly json?: boolean;
}

/**
 * Adds `hako config`.
 * @param program the command line
 * @param components the program's world
 * @param finish receives the exit code
 */
export function addConfig(program: Command, components: CliComponents, finish: Finish): void {
  const config = program.command('config').description("read a configuration.toml of Kata's");
  config
    .command('show')
    .description('print every key with its value and where that comes from')
    .option('--config <file>', 'the file; config.d beside it is read too')
    .option('--changed', 'only what a file sets')
    .option('--json', 'for programs')
    .action(async (words: ConfigShowWords) => {
      const { configShow } = await import('../commands/config-show.ts');
      const { changed = false, json = false } = words;
      finish(await configShow({ file: words.config, changed, json }, components));
    });
  config
    .command('schema')
    .description('print the JSON schema of the file, for editors')
    .action(async () => {
      const { configurationSchema } = await import('@hako/configuration');
      components.stdout.write(`${JSON.stringify(configurationSchema(), null, 2)}\n`);
    });
}
