// SPDX-License-Identifier: Apache-2.0

/** An empty string of the wire means that nothing was given. */
export function givenText(text: string): string | undefined {
  return text === '' ? undefined : text;
}

/** An empty list of the wire means that nothing was given. */
export function givenList<T>(list: T[]): T[] | undefined {
  return list.length === 0 ? undefined : list;
}

/** A zero of the wire means that nothing was given. */
export function givenNumber(value: number): number | undefined {
  return value === 0 ? undefined : value;
}

/** An empty map of the wire means that nothing was given. */
export function givenMap(map: Record<string, string>): Record<string, string> | undefined {
  return Object.keys(map).length === 0 ? undefined : map;
}
