// SPDX-License-Identifier: Apache-2.0

/** How a check of this machine went; `limited` works, with a drawback. */
export type CheckStatus = 'ok' | 'limited' | 'missing';

/** The result of one check. */
export interface CheckResult {
  /** What was looked at. */
  readonly name: string;
  readonly status: CheckStatus;
  /** What was found. */
  readonly finding: string;
  /** What to do about it; only when something is to be done. */
  readonly remedy?: string;
}

/** Looks at one thing; never rejects. */
export type Check = () => Promise<CheckResult> | CheckResult;
