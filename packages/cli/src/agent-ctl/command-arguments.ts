// SPDX-License-Identifier: Apache-2.0
import { readFile } from 'node:fs/promises';

import { UsageError } from '../usage-error.ts';

/** What stands behind the name of a command. */
export type CommandArguments =
  | { readonly kind: 'words'; readonly words: ReadonlyMap<string, string> }
  | { readonly kind: 'json'; readonly text: string }
  | { readonly kind: 'file'; readonly path: string };

/** A name, and a value that may hold anything but white space. */
const nameAndValue = /^([A-Za-z][\w-]*)=(.*)$/s;

/**
 * Reads the arguments of a command: nothing, `name=value …`, `json://{…}` or `file://PATH`.
 * @param text what stands behind the command's name
 */
export function parseArguments(text: string): CommandArguments {
  if (text.startsWith('json://')) return { kind: 'json', text: text.slice('json://'.length) };
  if (text.startsWith('file://')) return { kind: 'file', path: text.slice('file://'.length) };
  const words = new Map<string, string>();
  for (const word of text.split(/\s+/)) {
    if (word === '') continue;
    const [, name, value] = nameAndValue.exec(word) ?? [];
    if (name === undefined || value === undefined) {
      throw new UsageError(
        `argument ${JSON.stringify(word)} is not NAME=VALUE`,
        'give name=value words, json://{…} or file://PATH',
      );
    }
    words.set(name, value);
  }
  return { kind: 'words', words };
}

/** The part of JSON.parse that keeps numbers with more digits than a `number` holds; not yet in TypeScript's library. */
type Reviver = (key: string, value: unknown, context?: { readonly source?: string }) => unknown;

/** Keeps whole numbers exact, as text, which protobuf's JSON takes as well. */
const exactNumbers: Reviver = (_key, value, context) =>
  typeof value === 'number' && !Number.isSafeInteger(value) && /^-?\d+$/.test(context?.source ?? '')
    ? context?.source
    : value;

/**
 * The JSON that was given, parsed; `undefined` for words.
 * @param given the arguments
 */
export async function readJson(given: CommandArguments): Promise<unknown> {
  if (given.kind === 'words') return undefined;
  const text = given.kind === 'json' ? given.text : await readText(given.path);
  try {
    return JSON.parse(text, exactNumbers);
  } catch (error) {
    const where = given.kind === 'json' ? 'argument' : given.path;
    throw new UsageError(
      `${where} is not JSON: ${error instanceof Error ? error.message : String(error)}`,
      'see `hako agent-ctl examples`',
    );
  }
}

/**
 * Reads a file of this machine as text.
 * @param path the file, with or without `file://`
 */
export async function readText(path: string): Promise<string> {
  const file = path.startsWith('file://') ? path.slice('file://'.length) : path;
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new UsageError(
      `${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`,
      'name a file of this machine',
    );
  }
}
