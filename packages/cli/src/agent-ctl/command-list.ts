// SPDX-License-Identifier: Apache-2.0
import { columns } from '../table.ts';
import { apiCommands, builtInCommands } from './api-commands.ts';
import { methodShape } from './message-shape.ts';
import { preparedWords } from './prepared-words.ts';
import { wordNames } from './word-values.ts';

/** All commands as text: what each is given as words, and whether there is more that only JSON can say. */
export function commandList(): string {
  const calls = apiCommands.map((command) => {
    const { request } = methodShape(command.service, command.method);
    const words = [...preparedWords(command), ...wordNames(request)];
    const more = request.fields.length > wordNames(request).length ? ['json://{…}'] : [];
    return [command.name, [...words.map((name) => `${name}=`), ...more].join(' ')];
  });
  return columns(['COMMAND', 'ARGUMENTS'], [...calls, ...Object.entries(builtInCommands)]);
}
