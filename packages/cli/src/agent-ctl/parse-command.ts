// SPDX-License-Identifier: Apache-2.0
import { UsageError } from '../usage-error.ts';
import { apiCommands, builtInCommands, type ApiCommand, type BuiltInName } from './api-commands.ts';
import { parseArguments, type CommandArguments } from './command-arguments.ts';
import { methodShape } from './message-shape.ts';
import { nearestName } from './nearest-name.ts';
import { preparedWords } from './prepared-words.ts';
import { wordField } from './word-values.ts';

/** A line that was understood. */
export type ParsedCommand =
  | { readonly kind: 'built-in'; readonly name: BuiltInName; readonly text: string }
  | { readonly kind: 'api'; readonly command: ApiCommand; readonly given: CommandArguments };

function isBuiltIn(name: string): name is BuiltInName {
  return Object.hasOwn(builtInCommands, name);
}

/**
 * Understands one command with its arguments. Names of commands and of words are checked here, so that a mistake in the
 * third command is found before the first one is sent.
 * @param line the command's text
 */
export function parseCommand(line: string): ParsedCommand {
  const trimmed = line.trim();
  const [name = ''] = trimmed.split(/\s/, 1);
  const text = trimmed.slice(name.length).trim();
  if (isBuiltIn(name)) return { kind: 'built-in', name, text };
  const command = apiCommands.find((it) => it.name === name);
  if (command === undefined) throw unknownCommand(name);
  const given = parseArguments(text);
  if (given.kind === 'words') {
    const { request } = methodShape(command.service, command.method);
    for (const word of given.words.keys()) {
      if (!preparedWords(command).includes(word)) wordField(request, word, command.name);
    }
  }
  return { kind: 'api', command, given };
}

function unknownCommand(name: string): UsageError {
  const names = [...apiCommands.map((it) => it.name), ...Object.keys(builtInCommands)];
  const nearest = nearestName(name, names);
  const all = `commands are ${names.join(', ')}`;
  return new UsageError(
    name === '' ? 'no command given' : `no command ${name}`,
    nearest === undefined || name === '' ? all : `did you mean ${nearest}? ${all}`,
  );
}
