// SPDX-License-Identifier: Apache-2.0
import type { TestedAgentHarness } from './tested-agent.ts';

type WithShell = Pick<TestedAgentHarness, 'shell'>;

/** A word of a shell script, whatever characters it holds. */
export function shellWord(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

/** Runs a script where the agent's files are and answers with its standard output. Throws when it fails. */
export async function shellOutput({ shell }: WithShell, script: string): Promise<string> {
  const { exitCode, stdout, stderr } = await shell(script);
  if (exitCode !== 0) throw new Error(`script ended with ${exitCode}: ${script}\n${stderr}`);
  return stdout;
}

/** Whether there is something at a path, be it a link that leads nowhere. */
export async function pathExists({ shell }: WithShell, path: string): Promise<boolean> {
  const word = shellWord(path);
  return (await shell(`test -e ${word} || test -L ${word}`)).exitCode === 0;
}

/** Reads a text file. Throws when it cannot. */
export async function readText(harness: WithShell, path: string): Promise<string> {
  return await shellOutput(harness, `cat ${shellWord(path)}`);
}

/** Writes a text file, with its parent directories. */
export async function writeText(harness: WithShell, path: string, text: string): Promise<void> {
  const word = shellWord(path);
  await shellOutput(harness, `mkdir -p "$(dirname ${word})" && printf %s ${shellWord(text)} > ${word}`);
}

/**
 * Begins to read a file over and over in the background, until it holds a text.
 *
 * @param report - file that then says `complete`, or `gap` when the file was missing once
 */
export async function readUntil(
  harness: WithShell,
  path: string,
  text: string,
  report: string,
): Promise<void> {
  const word = shellWord(path);
  const loop = `until grep -q ${shellWord(text)} ${word}; do cat ${word} || { echo gap > ${report}; exit; }; done`;
  await shellOutput(harness, `(${loop}; echo complete > ${report}) < /dev/null > /dev/null 2>&1 &`);
}
