// SPDX-License-Identifier: Apache-2.0
import { UsageError } from '../usage-error.ts';

/**
 * Understands one of a few words. Error: {@link UsageError}.
 * @param what what it chooses
 * @param text the word
 * @param words those that there are, two or more
 */
export function parseChoice<Word extends string>(what: string, text: string, words: readonly Word[]): Word {
  const chosen = words.find((word) => word === text);
  if (chosen !== undefined) return chosen;
  const all = `${words.slice(0, -1).join(', ')} or ${words.at(-1) ?? ''}`;
  throw new UsageError(`unknown ${what} ${JSON.stringify(text)}`, `use ${all}`);
}
