// SPDX-License-Identifier: Apache-2.0
import { closest, distance } from 'fastest-levenshtein';

/** The name that was probably meant; undefined when none is near. */
export function nearestName(name: string, names: readonly string[]): string | undefined {
  if (names.length === 0) return undefined;
  const candidate = closest(name, names);
  return distance(name, candidate) <= Math.max(2, Math.floor(name.length / 3)) ? candidate : undefined;
}
