// SPDX-License-Identifier: Apache-2.0
import { join, resolve } from 'node:path';
import { writePage } from './write-page.ts';

/** Root of the workspace, whose pages these programs draw. */
export const workspaceRoot = resolve(import.meta.dirname, '../../../..');

/** What was drawn from reports of Vitest's JSON reporter. */
export interface DrawnStatus {
  /** In Markdown. */
  readonly page: string;
  /** Whether a guest has run: gaps are judged only then. */
  readonly hasGuest: boolean;
  /** What is wrong, a line each. */
  readonly problems: readonly string[];
}

/** A program that draws a page of what tests have seen. */
export interface StatusProgram {
  /** Stands before each line it prints. */
  readonly name: string;
  readonly usage: string;
  /** From the root of the workspace. */
  readonly pagePath: string;
  draw(reportPaths: readonly string[]): Promise<DrawnStatus>;
}

/** Draws the page from the reports that a command line names, prints what is wrong, and answers with the exit code. */
export async function runStatusProgram(program: StatusProgram, words: readonly string[]): Promise<number> {
  if (words.length === 0 || words.includes('--help')) {
    console.error(program.usage);
    return words.length === 0 ? 2 : 0;
  }
  const { name, pagePath } = program;
  const { page, hasGuest, problems } = await program.draw(words);
  if (await writePage(join(workspaceRoot, pagePath), page))
    console.log(`${name}: ${pagePath} has been drawn anew: commit it`);
  if (!hasGuest) {
    console.log(`${name}: no guest has run, so gaps are not judged`);
    return 0;
  }
  for (const problem of problems) console.log(`${name}: ${problem}`);
  return problems.length === 0 ? 0 : 1;
}
