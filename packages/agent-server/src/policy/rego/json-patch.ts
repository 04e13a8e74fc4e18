// SPDX-License-Identifier: Apache-2.0
import { applyPatch as applyOperations, type Operation } from 'rfc6902';
import type { Json } from './json.ts';

/**
 * Applies a JSON patch (RFC 6902), wholly or not at all.
 *
 * @param document - is not changed
 * @throws Error when an operation cannot be done
 */
export function applyPatch(document: Json, operations: Json): Json {
  if (!Array.isArray(operations)) throw new TypeError('a patch is a list of operations');
  // The library changes what it gets, and adds and removes at the root only below something.
  const root = { document: structuredClone(document) };
  const moved = operations.map(withinRoot);
  const failure = applyOperations(root, moved).find((result) => result !== null);
  if (failure) throw failure;
  return root.document;
}

/** An operation on the document inside an object. */
function withinRoot(operation: Json): Operation {
  if (operation === null || typeof operation !== 'object' || Array.isArray(operation)) {
    throw new TypeError('an operation of a patch is an object');
  }
  const moved = Object.fromEntries(
    Object.entries(operation).map(([key, value]) =>
      (key === 'path' || key === 'from') && typeof value === 'string'
        ? [key, `/document${value}`]
        : [key, structuredClone(value)],
    ),
  );
  // eslint-disable-next-line @typescript-eslint/consistent-type-assertions -- the library refuses unknown operations itself
  return moved as unknown as Operation;
}
