// SPDX-License-Identifier: Apache-2.0
import { createInterface } from 'node:readline';

import type { Channel } from '@hako/ttrpc';

import type { CliComponents } from '../cli-components.ts';
import { connectAgent } from '../agent-ctl/connect-agent.ts';
import { parseDuration } from '../agent-ctl/duration.ts';
import { parseCommand, type ParsedCommand } from '../agent-ctl/parse-command.ts';
import { RememberedNames } from '../agent-ctl/remembered-names.ts';
import { replyLine } from '../agent-ctl/reply-line.ts';
import { CommandRunner } from '../agent-ctl/run-commands.ts';
import { escapeText } from '../escape-text.ts';
import { watchInterrupts } from '../interrupts.ts';
import { presentError } from '../present-error.ts';
import { UsageError } from '../usage-error.ts';

/** Exit code when the agent has refused a call. */
const refused = 1;

const defaultHybridPort = 1024;

/** The words of `hako agent-ctl connect`. */
export interface AgentCtlWords {
  readonly serverAddress?: string;
  readonly cmd?: readonly string[];
  readonly interactive?: boolean;
  /** False for `--no-auto-values`. */
  readonly autoValues?: boolean;
  readonly ignoreErrors?: boolean;
  readonly hybridVsock?: boolean;
  readonly hybridVsockPort?: string;
  readonly bundleDir?: string;
  readonly timeout?: string;
  readonly repeat?: string;
}

/**
 * `hako agent-ctl connect`: runs commands against an agent, in order. The exit code is 0, or 1 when a call was refused.
 * @param words the options
 * @param components the program's world
 */
export async function agentCtl(words: AgentCtlWords, components: CliComponents): Promise<number> {
  const { stdout, stderr } = components;
  const lines = words.cmd ?? [];
  const interactive = words.interactive ?? false;
  if (lines.length === 0 && !interactive)
    throw new UsageError('no command given', 'give -c COMMAND or --interactive');
  const commands = lines.map(parseCommand);
  const { serverAddress } = words;
  if (serverAddress === undefined && (interactive || commands.some(({ kind }) => kind === 'api')))
    throw new UsageError('no agent named', 'give --server-address, such as unix:///run/hako/NAME/agent.sock');
  const timeoutMs = parseDuration(words.timeout ?? '', '--timeout');
  const rounds = parseCount(words.repeat ?? '1', '--repeat');
  const hybridPort = parseCount(words.hybridVsockPort ?? String(defaultHybridPort), '--hybrid-vsock-port');

  using interrupts = watchInterrupts(components.onSignal);
  const { signal } = interrupts;
  let connecting: Promise<Channel> | undefined;
  const channel = (): Promise<Channel> =>
    (connecting ??= connectAgent(
      { address: serverAddress ?? '', hybridPort: words.hybridVsock === true ? hybridPort : undefined },
      signal,
    ));
  const runner = new CommandRunner({
    autoValues: words.autoValues ?? true,
    bundleDir: words.bundleDir,
    names: new RememberedNames(),
    signal,
    timeoutMs,
    ignoreErrors: words.ignoreErrors ?? false,
    channel,
    print: (text) => stdout.write(text),
    onReply: (command, reply) => stdout.write(replyLine(command, reply, new Date())),
    onFailure: ({ command, status, text }) =>
      stderr.write(`hako: ${command} failed with ${status}: ${escapeText(text)}\n`),
  });
  try {
    for (let round = 0; round < rounds; round++) {
      const outcome = await runAll(runner, commands);
      if (outcome !== 'go-on') return outcome === 'failed' ? refused : 0;
    }
    if (interactive) await converse(runner, components, signal);
    return 0;
  } catch (error) {
    if (interrupts.exitCode !== undefined) return interrupts.exitCode;
    throw error;
  } finally {
    (await connecting?.catch(() => undefined))?.abort();
  }
}

async function runAll(
  runner: CommandRunner,
  commands: readonly ParsedCommand[],
): Promise<'go-on' | 'end' | 'failed'> {
  for (const command of commands) {
    const outcome = await runner.execute(command);
    if (outcome !== 'go-on') return outcome;
  }
  return 'go-on';
}

/** A mistake in a line is said, and the next line is asked for. */
async function converse(
  runner: CommandRunner,
  { stdin, stdout, stderr }: CliComponents,
  signal: AbortSignal,
): Promise<void> {
  const prompt = stdin.isTTY === true ? 'Enter command: ' : '';
  const reader = createInterface({ input: stdin, signal });
  stdout.write(prompt);
  for await (const line of reader) {
    if (line.trim() !== '') {
      try {
        if ((await runner.execute(parseCommand(line))) === 'end') return;
      } catch (error) {
        if (signal.aborted || !(error instanceof UsageError)) throw error;
        stderr.write(`${presentError(error).line ?? ''}\n`);
      }
    }
    stdout.write(prompt);
  }
}

function parseCount(text: string, what: string): number {
  const count = Number(text);
  if (Number.isInteger(count) && count > 0 && count <= 0xffff_ffff) return count;
  throw new UsageError(`${what} is not a whole number above 0: ${text}`, 'give a number such as 10');
}
