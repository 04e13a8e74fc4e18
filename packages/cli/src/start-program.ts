// SPDX-License-Identifier: Apache-2.0
import process from 'node:process';

import { escapeText } from './escape-text.ts';
import { exitCodes } from './exit-codes.ts';
import { hostComponents } from './host-components.ts';
import { runCli } from './run-cli.ts';

/** Runs the program with this process's words, streams and signals, and sets its exit code. */
export async function startProgram(): Promise<void> {
  // A reader that is gone is noticed where the output is written.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
  process.exitCode = await run();
  // Standard input may still be open; nothing waits for it any more.
  process.stdin.destroy();
}

async function run(): Promise<number> {
  let components;
  try {
    components = await hostComponents();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    process.stderr.write(
      `hako: the log file cannot be opened: ${escapeText(reason)}; set HAKO_LOG_FILE to another path\n`,
    );
    return exitCodes.failure;
  }
  return runCli(process.argv.slice(2), components);
}
