// SPDX-License-Identifier: Apache-2.0

/** Words of the command line that cannot be understood. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
  /** What to write instead. */
  readonly remedy: string;

  constructor(message: string, remedy: string) {
    super(message);
    this.remedy = remedy;
  }
}
