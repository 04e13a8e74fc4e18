// SPDX-License-Identifier: Apache-2.0
import { AgentError } from './agent-error.ts';

const maxCauses = 8;

/** Reads a text property of an unknown value. */
function textOf(value: object, key: string): string | undefined {
  const found: unknown = Reflect.get(value, key);
  return typeof found === 'string' ? found : undefined;
}

/**
 * The errno name of a failed system call, whoever reported it (Node or the FFI layer).
 *
 * @returns for example `ENOENT`, or undefined when the error is none of a system call
 */
export function errnoName(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || error instanceof AgentError) return undefined;
  const code = textOf(error, 'code');
  return code !== undefined && /^E[A-Z0-9]+$/.test(code) ? code : undefined;
}

/** One line for one error: `EPERM: text` for a system call (the form hosts look for), else the text. */
function describeOne(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  // What went wrong first says more than what went wrong while it was being undone.
  if (error instanceof SuppressedError)
    return `${describeError(error.suppressed)} (and then: ${describeError(error.error)})`;
  const errno = errnoName(error);
  if (errno === undefined || error.message.startsWith(`${errno}:`)) return error.message;
  return `${errno}: ${error.message}`;
}

/**
 * An error and its causes in one line, outermost first.
 */
export function describeError(error: unknown): string {
  const parts: string[] = [];
  let current: unknown = error;
  for (let depth = 0; depth < maxCauses && current !== undefined; depth += 1) {
    parts.push(describeOne(current));
    current = current instanceof Error ? current.cause : undefined;
  }
  return parts.join(': ');
}
