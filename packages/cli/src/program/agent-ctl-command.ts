// SPDX-License-Identifier: Apache-2.0
import type { Command } from 'commander';

import type { CliComponents } from '../cli-components.ts';
import type { AgentCtlWords } from '../commands/agent-ctl.ts';
import { collect } from './collect.ts';
import type { Finish } from './finish.ts';

/**
 * Adds `hako agent-ctl`.
 * @param program the command line
 * @param components the program's world
 * @param finish receives the exit code
 */
export function addAgentCtl(program: Command, components: CliComponents, finish: Finish): void {
  const agentCtl = program
    .command('agent-ctl')
    .description("call an agent directly, with the commands of Kata's agent-ctl");
  agentCtl
    .command('connect')
    .description('run commands against an agent; exit code 1 when it refuses one')
    .option(
      '--server-address <address>',
      'unix://PATH, vsock://CID:PORT, hvsock://PATH:PORT or serial://PATH',
    )
    .option('-c, --cmd <command>', 'a command with its arguments; may be repeated', collect)
    .option('-i, --interactive', 'read commands from standard input')
    .option('-n, --no-auto-values', 'fill nothing in')
    .option('--ignore-errors', 'go on after a call that was refused')
    .option('--hybrid-vsock', 'unix://PATH is the socket of a hybrid vsock')
    .option('--hybrid-vsock-port <port>', 'the port behind it; default 1024')
    .option('--bundle-dir <dir>', 'its config.json is the specification of containers and processes')
    .option('--timeout <time>', 'deadline of every call, such as 500ms or 1m30s; default none')
    .option('--repeat <n>', 'run the commands n times')
    .action(async (words: AgentCtlWords) => {
      const { agentCtl: connect } = await import('../commands/agent-ctl.ts');
      finish(await connect(words, components));
    });
  agentCtl
    .command('examples')
    .description('print examples')
    .action(async () => {
      const { examples } = await import('../agent-ctl/examples.ts');
      components.stdout.write(examples);
    });
  for (const name of ['generate-cid', 'generate-sid']) {
    agentCtl
      .command(name)
      .description('print a random id')
      .action(async () => {
        const { randomId } = await import('../agent-ctl/remembered-names.ts');
        components.stdout.write(`${randomId()}\n`);
      });
  }
}
