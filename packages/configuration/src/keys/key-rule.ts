// SPDX-License-Identifier: Apache-2.0

/** What a value of the configuration may be. */
export type ConfigurationValue =
  string | number | boolean | readonly (string | Readonly<Record<string, unknown>>)[];

/** What the value of one key must be, what it means, and whether Hako acts on it. */
export type KeyRule = {
  /** One sentence for people. */
  readonly meaning: string;
  /**
   * Whether Hako acts on it. The others are read and checked, so that a file of Kata's works as it is; `idle-keys.ts` says what
   * becomes of them.
   */
  readonly effective?: true;
} & (
  | {
      readonly type: 'text';
      /** The value when the key is missing. */
      readonly missing: string;
      /** All that may be given. */
      readonly oneOf?: readonly string[];
    }
  | { readonly type: 'switch'; readonly missing: boolean }
  | {
      readonly type: 'number';
      readonly missing: number;
      readonly least?: number;
      readonly most?: number;
      /** Default: whole numbers only. */
      readonly fractions?: true;
      /** 0, or a power of two. */
      readonly powerOfTwo?: true;
    }
  | { readonly type: 'list'; readonly missing: readonly string[] }
  | { readonly type: 'tables'; readonly missing: readonly [] }
);

/** The keys of one section, by name. */
export type SectionRules = Readonly<Record<string, KeyRule>>;

/** A text. */
export function text(meaning: string, missing = '', oneOf?: readonly string[]): KeyRule {
  return { type: 'text', meaning, missing, ...(oneOf === undefined ? {} : { oneOf }) };
}

/** Something that is on or off. */
export function toggle(meaning: string, missing = false): KeyRule {
  return { type: 'switch', meaning, missing };
}

/** A number within bounds. */
export function number(
  meaning: string,
  missing: number,
  bounds: {
    readonly least?: number;
    readonly most?: number;
    readonly fractions?: true;
    readonly powerOfTwo?: true;
  } = {},
): KeyRule {
  return { type: 'number', meaning, missing, ...bounds };
}

/** A list of texts. */
export function list(meaning: string, missing: readonly string[] = []): KeyRule {
  return { type: 'list', meaning, missing };
}

/** A list of tables, kept as they are. */
export function tables(meaning: string): KeyRule {
  return { type: 'tables', meaning, missing: [] };
}

/** Marks a rule as one that Hako acts on. */
export function effective(rule: KeyRule): KeyRule {
  return { ...rule, effective: true };
}
