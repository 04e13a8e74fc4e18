// SPDX-License-Identifier: Apache-2.0
import { setTimeout as delay } from 'node:timers/promises';

import type { JsonValue } from '@bufbuild/protobuf';
import type { Channel } from '@hako/ttrpc';
import { ClientError, Status } from 'nice-grpc-common';

import { UsageError } from '../usage-error.ts';
import type { ApiCommand } from './api-commands.ts';
import { buildRequest, type RequestOptions } from './build-request.ts';
import { callAgent } from './call-agent.ts';
import type { CommandArguments } from './command-arguments.ts';
import { commandList } from './command-list.ts';
import { parseDuration } from './duration.ts';
import type { ParsedCommand } from './parse-command.ts';

/** A call that the agent has refused. */
export interface FailedCall {
  readonly command: string;
  /** Name of the status. */
  readonly status: string;
  /** The agent's words, raw. */
  readonly text: string;
}

/** What a run of commands works with. */
export interface CommandRun extends RequestOptions {
  /** Connects when the first command calls the agent. */
  readonly channel: () => Promise<Channel>;
  /** Milliseconds for each call; `undefined` for no limit. */
  readonly timeoutMs: number | undefined;
  /** Whether to go on after a refused call. */
  readonly ignoreErrors: boolean;
  /** Prints lines of text. */
  readonly print: (text: string) => void;
  /** Is told of each reply. */
  readonly onReply: (command: ApiCommand, reply: JsonValue) => void;
  /** Is told of each refused call. */
  readonly onFailure: (failure: FailedCall) => void;
}

/** What comes after a command. */
export type CommandOutcome = 'go-on' | 'end' | 'failed';

/** Runs commands one after the other; `repeat` is about the one behind it. */
export class CommandRunner {
  readonly #run: CommandRun;
  #times = 1;

  constructor(run: CommandRun) {
    this.#run = run;
  }

  /**
   * Runs one command. Errors: `UsageError`; a refused call is an outcome.
   * @param parsed the command
   */
  async execute(parsed: ParsedCommand): Promise<CommandOutcome> {
    const times = this.#times;
    this.#times = 1;
    for (let round = 0; round < times; round++) {
      this.#run.signal.throwIfAborted();
      const outcome =
        parsed.kind === 'built-in'
          ? await this.#builtIn(parsed.name, parsed.text)
          : await this.#call(parsed.command, parsed.given);
      if (outcome !== 'go-on') return outcome;
    }
    return 'go-on';
  }

  async #builtIn(
    name: Extract<ParsedCommand, { kind: 'built-in' }>['name'],
    text: string,
  ): Promise<CommandOutcome> {
    switch (name) {
      case 'echo':
        this.#run.print(`${text}\n`);
        return 'go-on';
      case 'help':
      case 'list':
        this.#run.print(commandList());
        return 'go-on';
      case 'repeat':
        this.#times = repetitions(text);
        return 'go-on';
      case 'sleep': {
        const ms = parseDuration(text, 'sleep');
        if (ms !== undefined) await delay(ms, undefined, { signal: this.#run.signal });
        return 'go-on';
      }
      case 'quit':
        return 'end';
    }
  }

  async #call(command: ApiCommand, given: CommandArguments): Promise<CommandOutcome> {
    const { signal, timeoutMs, autoValues, ignoreErrors } = this.#run;
    const request = await buildRequest(command, given, this.#run);
    const channel = await this.#run.channel();
    try {
      const reply = await callAgent(channel, command, request, { signal, timeoutMs, autoValues });
      this.#run.onReply(command, reply);
    } catch (error) {
      if (!(error instanceof ClientError)) throw error;
      this.#run.onFailure({ command: command.name, status: Status[error.code], text: error.details });
      return ignoreErrors ? 'go-on' : 'failed';
    }
    return command.name === 'DestroySandbox' ? 'end' : 'go-on';
  }
}

function repetitions(text: string): number {
  if (!/^-?\d+$/.test(text)) {
    throw new UsageError(`repeat is given no number: ${text}`, 'write repeat 10, or repeat 0 for ever');
  }
  const times = Number(text);
  return times <= 0 ? Infinity : times;
}
