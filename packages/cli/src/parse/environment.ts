// SPDX-License-Identifier: Apache-2.0
import { UsageError } from '../usage-error.ts';

/**
 * Reads `NAME=VALUE`, or `NAME` for a variable that is taken over from here; a variable that is not set here is left
 * out. Error: {@link UsageError}.
 * @param text the entry
 * @param own the environment to take over from
 */
export function parseEnvironment(text: string, own: NodeJS.ProcessEnv): readonly string[] {
  if (/^[^=\0]+=[^\0]*$/.test(text)) return [text];
  if (!/^[^=\0]+$/.test(text))
    throw new UsageError(`environment entry ${JSON.stringify(text)} is not NAME=VALUE`, 'write NAME=VALUE');
  const value = own[text];
  return value === undefined ? [] : [`${text}=${value}`];
}
