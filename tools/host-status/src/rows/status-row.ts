// SPDX-License-Identifier: Apache-2.0

/** Something that the host side is to be able to do. */
export interface StatusRow {
  readonly section: string;
  /** What tests call it; unique, without commas and brackets. */
  readonly name: string;
  /** What upstream calls it, where that is another word. */
  readonly upstream?: string;
  /** No guest takes part in it. */
  readonly isHostOnly?: true;
}

/** Rows of one section, by their names. */
export function rowsOf(section: string, names: readonly string[]): readonly StatusRow[] {
  return names.map((name) => ({ section, name }));
}
