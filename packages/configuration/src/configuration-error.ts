// SPDX-License-Identifier: Apache-2.0

/**
 * What is wrong, for callers to match on.
 *
 * | code | meaning |
 * |---|---|
 * | `unreadable` | a file that was named cannot be read |
 * | `malformed` | a file is not TOML |
 * | `unknown_key` | a section or key that does not exist |
 * | `invalid_value` | a value of the wrong type, out of range, or at odds with another |
 * | `unsupported` | a value that Hako cannot do as asked |
 * | `annotation_denied` | an annotation that the configuration does not allow |
 */
export type ConfigurationErrorCode =
  'unreadable' | 'malformed' | 'unknown_key' | 'invalid_value' | 'unsupported' | 'annotation_denied';

/** Where it is wrong. */
export interface ConfigurationErrorPlace {
  readonly file?: string;
  /** Counted from 1. */
  readonly line?: number;
  /** Section and key, or the annotation. */
  readonly key?: string;
  /** What a person can do about it, as an imperative phrase without full stop. */
  readonly remedy?: string;
  readonly cause?: unknown;
}

/** The one error class of this package; match on {@link ConfigurationError.code}. */
export class ConfigurationError extends Error {
  override readonly name = 'ConfigurationError';
  readonly code: ConfigurationErrorCode;
  readonly file: string | undefined;
  readonly line: number | undefined;
  readonly key: string | undefined;
  readonly remedy: string | undefined;

  constructor(code: ConfigurationErrorCode, message: string, place: ConfigurationErrorPlace = {}) {
    const { file, line, key, remedy, cause } = place;
    const where = file === undefined ? '' : `${file}${line === undefined ? '' : `:${line}`}: `;
    super(`${where}${message}`, cause === undefined ? undefined : { cause });
    this.code = code;
    this.file = file;
    this.line = line;
    this.key = key;
    this.remedy = remedy;
  }
}
