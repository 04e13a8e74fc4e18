// SPDX-License-Identifier: Apache-2.0

/** How many letters may be wrong, as part of the longer name, for two names to be near. */
const maxDistanceShare = 0.5;

/** The number of letters to add, drop or change to get from one text to the other, whatever their case. */
function distance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (const [index, letter] of Array.from(from.toLowerCase()).entries()) {
    const next = [index + 1];
    for (const [column, other] of Array.from(to.toLowerCase()).entries()) {
      const changed = (row[column] ?? 0) + (letter === other ? 0 : 1);
      next.push(Math.min(changed, (row[column + 1] ?? 0) + 1, (next[column] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}

/**
 * The name that somebody may have meant; `undefined` when none is near.
 * @param wrong what was written
 * @param names the names that exist
 */
export function nearestName(wrong: string, names: readonly string[]): string | undefined {
  const ranked = names
    .map((name) => ({ name, share: distance(wrong, name) / Math.max(wrong.length, name.length, 1) }))
    .toSorted((left, right) => left.share - right.share);
  const [best] = ranked;
  return best !== undefined && best.share <= maxDistanceShare ? best.name : undefined;
}

/**
 * What to write instead of a name that does not exist: the nearest, and all there are.
 * @param wrong what was written
 * @param names the names that exist
 */
export function namesRemedy(wrong: string, names: readonly string[]): string {
  const nearest = nearestName(wrong, names);
  const all = names.length === 0 ? 'it has none' : `there are ${names.join(', ')}`;
  return nearest === undefined ? all : `did you mean ${nearest}? ${all}`;
}
