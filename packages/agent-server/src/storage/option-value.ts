// SPDX-License-Identifier: Apache-2.0
import { AgentError } from '../errors/agent-error.ts';

/** The text behind `key=` in a list of options; the last one counts. */
export function optionValue(options: readonly string[], key: string): string | undefined {
  const prefix = `${key}=`;
  return options.findLast((option) => option.startsWith(prefix))?.slice(prefix.length);
}

/**
 * A numeric option.
 *
 * @param base - 8 for permissions, 10 for ids
 * @throws AgentError `storage_failed` when it is no such number
 */
export function numberOption(options: readonly string[], key: string, base: 8 | 10): number | undefined {
  const text = optionValue(options, key);
  if (text === undefined) return undefined;
  const digits = base === 8 ? /^[0-7]{1,5}$/ : /^\d{1,10}$/;
  if (!digits.test(text))
    throw new AgentError('storage_failed', `storage option ${key} is not a number: ${text}`);
  return parseInt(text, base);
}

/** The options without all `key=`. */
export function withoutOption(options: readonly string[], key: string): string[] {
  return options.filter((option) => !option.startsWith(`${key}=`));
}
