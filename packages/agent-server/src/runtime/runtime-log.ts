// SPDX-License-Identifier: Apache-2.0
import { AgentError, type AgentErrorCode } from '../errors/agent-error.ts';

/** Texts of crun that tell which of the three things went wrong with the program of a process. */
const kinds: readonly (readonly [RegExp, AgentErrorCode])[] = [
  [/^executable file .* not found/, 'program_not_found'],
  [/^(open executable|exec).*: No such file or directory$/, 'program_not_found'],
  [
    /^(open executable|exec).*: (Permission denied|Operation not permitted|Is a directory|Exec format error)$/,
    'program_not_executable',
  ],
];

const maxTextLength = 4096;

/**
 * The error lines of a log written with `--log-format json`. Lines that are no JSON are taken as they are.
 */
export function errorLinesOf(log: string): string[] {
  return log.split('\n').flatMap((line) => {
    if (line.trim() === '') return [];
    try {
      const parsed: unknown = JSON.parse(line);
      if (typeof parsed !== 'object' || parsed === null) return [line];
      const text: unknown = Reflect.get(parsed, 'msg');
      const level: unknown = Reflect.get(parsed, 'level');
      return typeof text === 'string' && level === 'error' ? [text] : [];
    } catch (error) {
      if (error instanceof SyntaxError) return [line];
      throw error;
    }
  });
}

/**
 * Makes an error of what a runtime said.
 *
 * @param operation - for example `crun create web`
 * @param ending - for example `exited with 1`; used when the runtime said nothing
 */
export function runtimeErrorOf(operation: string, ending: string, log: string): AgentError {
  const lines = errorLinesOf(log);
  for (const line of lines) {
    const kind = kinds.find(([pattern]) => pattern.test(line));
    if (kind !== undefined) return new AgentError(kind[1], line, { operand: operation });
  }
  const said = lines.length === 0 ? ending : lines.join('; ').slice(0, maxTextLength);
  return new AgentError('runtime_failed', `${operation}: ${said}`, { operand: operation });
}
