// SPDX-License-Identifier: Apache-2.0

/**
 * What a policy can do wrong.
 *
 * - `syntax`: it is no Rego, or Rego this engine does not know; found before anything is evaluated
 * - `unsafe`: a variable has no value; found before anything is evaluated
 * - `type`: an operator or a function gets a value it does not take
 * - `conflict`: a rule has two values
 * - `recursion`: a rule needs itself
 * - `too_long`: it takes more steps than it may
 */
export type RegoErrorCode = 'syntax' | 'unsafe' | 'type' | 'conflict' | 'recursion' | 'too_long';

/** A failure of a policy. */
export class RegoError extends Error {
  override readonly name = 'RegoError';
  readonly code: RegoErrorCode;

  constructor(code: RegoErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}
