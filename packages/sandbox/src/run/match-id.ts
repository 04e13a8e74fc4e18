// SPDX-License-Identifier: Apache-2.0

/**
 * Finds what a person means by an id or by the beginning of one: what bears it, else everything whose id begins with it.
 * @param all what there is
 * @param id the id or its beginning; the empty one means nothing
 * @returns one if it is unique
 */
export function matchId<Named extends { readonly id: string }>(
  all: readonly Named[],
  id: string,
): readonly Named[] {
  const exact = all.find((one) => one.id === id);
  if (exact !== undefined) return [exact];
  return id === '' ? [] : all.filter((one) => one.id.startsWith(id));
}
