// SPDX-License-Identifier: Apache-2.0
import type { CliComponents } from './cli-components.ts';
import { presentError } from './present-error.ts';
import { createProgram } from './program.ts';

/**
 * Runs the program `hako` and answers with its exit code: that of the workload, or 125 for failures of our own, 126 for a
 * program that cannot be executed, 127 for one that does not exist, 128 + n after signal n. Never rejects.
 * @param words the command line without program and script
 * @param components the program's world
 */
export async function runCli(words: readonly string[], components: CliComponents): Promise<number> {
  let exitCode = 0;
  const program = createProgram(components, words, (code) => {
    exitCode = code;
  });
  try {
    await program.parseAsync(words, { from: 'user' });
    return exitCode;
  } catch (error) {
    const presented = presentError(error);
    if (presented.line !== undefined) components.stderr.write(`${presented.line}\n`);
    return presented.exitCode;
  }
}
