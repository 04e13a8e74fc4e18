// SPDX-License-Identifier: Apache-2.0
import type { Command } from 'commander';

import type { CliComponents } from '../cli-components.ts';
import { collect } from './collect.ts';
import type { Finish } from './finish.ts';

interface WireShowWords {
  readonly method?: readonly string[];
  readonly follow?: boolean;
  readonly full?: boolean;
  readonly json?: boolean;
}

/**
 * Adds `hako wire`.
 * @param program the command line
 * @param components the program's world
 * @param finish receives the exit code
 */
export function addWire(program: Command, components: CliComponents, finish: Finish): void {
  const wire = program
    .command('wire')
    .description('look at recordings of ttRPC connections, and replay them');
  wire
    .command('show')
    .description('print a recording as a conversation')
    .argument('<file>')
    .option('-m, --method <name>', 'calls of this method only; may be repeated', collect)
    .option('-f, --follow', 'go on until the recording ends')
    .option('--full', 'do not shorten long values')
    .option('--json', 'one object per line, for programs')
    .action(async (file: string, words: WireShowWords) => {
      const { wireShow } = await import('../commands/wire-show.ts');
      const { method: methods = [], follow = false, full: whole = false, json = false } = words;
      finish(await wireShow({ file, methods, follow, whole, json }, components));
    });
  wire
    .command('replay')
    .description(
      "send a recording's requests to a server and compare the answers; exit code 1 when they differ",
    )
    .argument('<file>')
    .argument('<address>', 'unix://PATH, serial://PATH, hvsock://PATH:PORT or tcp://IP:PORT')
    .option('-t, --timeout <seconds>', 'how long to wait for an answer; default 10')
    .action(async (file: string, address: string, { timeout }: { timeout?: string }) => {
      const { wireReplay } = await import('../commands/wire-replay.ts');
      finish(await wireReplay({ file, address, timeout }, components));
    });
}
