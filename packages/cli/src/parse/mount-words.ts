// SPDX-License-Identifier: Apache-2.0
import { UsageError } from '../usage-error.ts';

/** The words of one `--mount`, by their key; a key without value has the value `true`. */
export interface MountWords {
  /** As it was given. */
  readonly text: string;
  readonly type: string;
  readonly values: ReadonlyMap<string, readonly string[]>;
}

/** Further names of keys, as Docker has them. */
const otherNames: Readonly<Record<string, string>> = {
  source: 'src',
  destination: 'dst',
  target: 'dst',
  readonly: 'ro',
};

/**
 * Splits `type=TYPE,KEY=VALUE,…`. Error: {@link UsageError}.
 * @param text the words of `--mount`
 * @param known keys of each type beside `type`
 */
export function splitMountWords(
  text: string,
  known: Readonly<Record<string, readonly string[]>>,
): MountWords {
  const values = new Map<string, readonly string[]>();
  for (const word of text.split(',')) {
    const [name = '', ...rest] = word.split('=');
    const key = otherNames[name] ?? name;
    values.set(key, [...(values.get(key) ?? []), rest.length === 0 ? 'true' : rest.join('=')]);
  }
  const type = values.get('type')?.at(-1) ?? '';
  const keys = Object.hasOwn(known, type) ? known[type] : undefined;
  if (keys === undefined) {
    throw new UsageError(
      `mount ${JSON.stringify(text)} has type ${JSON.stringify(type)}`,
      `begin it with type= and one of ${Object.keys(known).join(', ')}`,
    );
  }
  const unknown = [...values.keys()].find((key) => key !== 'type' && !keys.includes(key));
  if (unknown !== undefined) {
    throw new UsageError(
      `mount of type ${type} has no word ${JSON.stringify(unknown)}`,
      `its words are ${keys.join(', ')}`,
    );
  }
  return { text, type, values };
}

/**
 * The value of a key; the last one counts.
 * @param words the mount's
 * @param key the key
 */
export function mountValue({ values }: MountWords, key: string): string | undefined {
  return values.get(key)?.at(-1);
}

/**
 * The value of a key that must be there. Error: {@link UsageError}.
 * @param words the mount's
 * @param key the key
 */
export function neededValue(words: MountWords, key: string): string {
  const value = mountValue(words, key);
  if (value !== undefined && value !== '' && value !== 'true') return value;
  throw new UsageError(`mount ${JSON.stringify(words.text)} has no ${key}`, `add ${key}=…`);
}

/**
 * Where in the container it is mounted. Error: {@link UsageError}.
 * @param words the mount's
 */
export function mountDestination(words: MountWords): string {
  const destination = neededValue(words, 'dst');
  if (destination.startsWith('/')) return destination;
  throw new UsageError(
    `mount destination ${JSON.stringify(destination)} is not absolute`,
    'begin it with a slash',
  );
}

/**
 * Whether a word without value, or with `true`, is there. Error: {@link UsageError} for another value.
 * @param words the mount's
 * @param key the key
 */
export function mountSwitch(words: MountWords, key: string): boolean {
  const value = mountValue(words, key) ?? 'false';
  if (value === 'true' || value === 'false') return value === 'true';
  throw new UsageError(
    `mount ${JSON.stringify(words.text)} has ${key}=${value}`,
    `write ${key} or ${key}=false`,
  );
}
