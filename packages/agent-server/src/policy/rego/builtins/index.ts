// SPDX-License-Identifier: Apache-2.0
import { RegoError } from '../rego-error.ts';
import type { RegoValue } from '../value.ts';
import type { Builtin } from './builtin.ts';
import { collectionBuiltins } from './collections.ts';
import { encodingBuiltins } from './encoding.ts';
import { numberBuiltins } from './numbers.ts';
import { regexBuiltins } from './regex.ts';
import { textBuiltins } from './text.ts';

const builtins: ReadonlyMap<string, Builtin> = new Map(
  [textBuiltins, numberBuiltins, collectionBuiltins, encodingBuiltins, regexBuiltins].flatMap((table) =>
    Object.entries(table),
  ),
);

/** Whether a function of the language has this name. */
export function isBuiltin(name: string): boolean {
  return name === 'print' || builtins.has(name);
}

/**
 * Calls a function of the language.
 *
 * @returns undefined for arguments it has no value for
 * @throws RegoError `type` for a wrong number of arguments
 */
export function callBuiltin(name: string, args: readonly RegoValue[]): RegoValue | undefined {
  const builtin = builtins.get(name);
  if (builtin?.parameters !== args.length) {
    throw new RegoError('type', `function ${name} does not take ${args.length.toString()} arguments`);
  }
  return builtin.call(...args);
}
