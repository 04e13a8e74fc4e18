// SPDX-License-Identifier: Apache-2.0

/** Why a conversion failed. `invalid_spec`: a container specification holds a value that cannot be converted. */
export type ProtocolsErrorCode = 'invalid_spec';

/** The error of this package. */
export class ProtocolsError extends Error {
  override readonly name = 'ProtocolsError';
  /** What went wrong, for programs. */
  readonly code: ProtocolsErrorCode;
  /** Path of the offending value in `config.json`, such as `process.rlimits[0].type`; empty for the whole document. */
  readonly field: string;

  constructor(code: ProtocolsErrorCode, field: string, problem: string, options?: ErrorOptions) {
    super(field === '' ? problem : `${field} ${problem}`, options);
    this.code = code;
    this.field = field;
  }
}
