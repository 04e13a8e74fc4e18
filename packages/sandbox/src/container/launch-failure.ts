// SPDX-License-Identifier: Apache-2.0
import { SandboxError, type SandboxErrorCode } from '../sandbox-error.ts';

/**
 * How OCI runtimes word that a program cannot be started. The wire has no code for it: the agent passes the runtime's
 * text on, so this one place reads it.
 */
const wordings: readonly { readonly code: SandboxErrorCode; readonly pattern: RegExp }[] = [
  {
    code: 'command_not_found',
    pattern: /executable file [^\n]* not found|exec[^\n]*: no such file or directory/i,
  },
  {
    code: 'command_not_executable',
    pattern: /(open executable|exec)[^\n]*(permission denied|is a directory)/i,
  },
  // crun's word for a directory.
  { code: 'command_not_executable', pattern: /open executable[^\n]*operation not permitted/i },
  { code: 'command_not_executable', pattern: /exec format error/i },
];

/**
 * Turns a refused CreateContainer or ExecProcess into `command_not_found` or `command_not_executable` when that is what
 * it means; otherwise gives the error back.
 * @param error what the call threw
 * @param command the program and its arguments
 */
export function explainLaunchFailure(error: unknown, command: readonly string[]): unknown {
  if (!(error instanceof SandboxError) || error.code !== 'agent_failed') return error;
  const match = wordings.find(({ pattern }) => pattern.test(error.message));
  if (match === undefined) return error;
  const name = JSON.stringify(command[0] ?? '');
  const found = match.code === 'command_not_found';
  return new SandboxError(match.code, `command ${name} ${found ? 'not found' : 'cannot be executed'}`, {
    cause: error,
    remedy: found ? 'give a program of the image' : 'check its mode and format',
  });
}
