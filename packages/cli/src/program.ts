// SPDX-License-Identifier: Apache-2.0
import { Command } from 'commander';

import type { CliComponents } from './cli-components.ts';
import { applyContainerWords } from './container-words.ts';
import { addAgentCtl } from './program/agent-ctl-command.ts';
import { addConfig } from './program/config-command.ts';
import { addControls } from './program/control-commands.ts';
import { addExec } from './program/exec-command.ts';
import type { Finish } from './program/finish.ts';
import { addMachineCommands } from './program/machine-commands.ts';
import { addNetworkCommand } from './program/network-command.ts';
import { describeRun } from './program/run-words.ts';
import { addSandboxCommands } from './program/sandbox-commands.ts';
import { addVolumeCommand } from './program/volume-command.ts';
import { addWire } from './program/wire-command.ts';
import { packageVersion } from './version.ts';
import { runRequest, type RunRequest, type RunWords } from './run-request.ts';

/**
 * Builds the command line. The commands themselves are loaded when they are called.
 * @param components the program's world
 * @param words the words it will be given: a detached sandbox's owner understands them again
 * @param finish receives the exit code
 */
export function createProgram(components: CliComponents, words: readonly string[], finish: Finish): Command {
  const program = new Command('hako')
    .description('run containers in virtual machines of their own')
    .version(packageVersion)
    .enablePositionalOptions()
    .exitOverride()
    .configureOutput({
      writeOut: (text) => components.stdout.write(text),
      // Errors are presented in one line by the caller; only help that was not asked for goes out here.
      writeErr: (text) => (text.startsWith('error:') ? undefined : components.stderr.write(text)),
    })
    .showSuggestionAfterError(false);

  program.commandsGroup('Sandboxes:');
  const warn = (line: string): void => void components.stderr.write(`${line}\n`);
  describeRun(program.command('run').description('run a workload in a new sandbox')).action(
    async (image: string, command: string[], options: RunWords) => {
      const { sandbox } = options;
      if (sandbox !== undefined) {
        const { refuseMachineWords } = await import('./parse/machine-words.ts');
        refuseMachineWords(options);
      }
      const request = await configured(runRequest(image, command, options, components.env), options, warn);
      if (sandbox !== undefined) {
        const { runInSandbox } = await import('./commands/run-in-sandbox.ts');
        finish(await runInSandbox(sandbox, request, components));
      } else if (request.detach) {
        const { detach } = await import('./commands/detach.ts');
        finish(await detach(words.slice(words.indexOf('run') + 1), components));
      } else {
        const { run } = await import('./commands/run.ts');
        finish(await run(request, components));
      }
    },
  );
  describeRun(program.command('own', { hidden: true })).action(
    async (image: string, command: string[], words: RunWords) => {
      const { own } = await import('./commands/owner.ts');
      const request = await configured(
        runRequest(image, command, words, components.env),
        words,
        () => undefined,
      );
      finish(await own(request, components));
    },
  );
  program
    .command('own-orphan', { hidden: true })
    .argument('<sandbox>')
    .action(async (sandbox: string) => {
      const { ownOrphan } = await import('./commands/own-orphan.ts');
      finish(await ownOrphan(sandbox, components));
    });
  addExec(program, components, finish);
  addSandboxCommands(program, components, finish);
  addControls(program, components, finish);
  addNetworkCommand(program, components, finish);
  addVolumeCommand(program, components, finish);
  program.commandsGroup('This machine:');
  addMachineCommands(program, components, finish);
  addConfig(program, components, finish);
  program.commandsGroup('The wire:');
  addWire(program, components, finish);
  addAgentCtl(program, components, finish);
  return program;
}

/** Completes a request with the words about the container, and puts it on top of a configuration file, if one is named. */
async function configured(
  request: RunRequest,
  words: RunWords,
  warn: (line: string) => void,
): Promise<RunRequest> {
  const chosen = await applyContainerWords(request, words);
  if (words.config === undefined) return chosen;
  const { applyConfiguration } = await import('./config/apply-configuration.ts');
  const { readConfiguration } = await import('./config/read-configuration.ts');
  const { idleLines } = await import('./config/idle-lines.ts');
  const configuration = await readConfiguration(words.config);
  for (const line of idleLines(configuration)) warn(line);
  return applyConfiguration(chosen, configuration);
}
