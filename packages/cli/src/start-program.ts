// SPDX-License-Identifier: Apache-2.0
import process from 'node:process';

import { hostComponents } from './host-components.ts';
import { runCli } from './run-cli.ts';

/** Runs the program with this process's words, streams and signals, and sets its exit code. */
export async function startProgram(): Promise<void> {
  // A reader that is gone is noticed where the output is written.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
  process.exitCode = await runCli(process.argv.slice(2), hostComponents());
  // Standard input may still be open; nothing waits for it any more.
  process.stdin.destroy();
}
