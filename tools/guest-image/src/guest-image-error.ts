// SPDX-License-Identifier: Apache-2.0

/** What can go wrong when guest assets are built. */
export type GuestImageErrorCode =
  /** A program that the build runs is not installed or failed. */
  | 'tool_failed'
  /** A file that the image is made of is not there. */
  | 'input_missing'
  /** The kernel package has not the expected shape. */
  | 'kernel_unusable'
  /** The agent's source does not bundle. */
  | 'agent_broken'
  /** The manifest is absent or not one of this version. */
  | 'manifest_invalid';

/** The error of this tool; the message names the file or program, `cause` holds what was underneath. */
export class GuestImageError extends Error {
  override readonly name = 'GuestImageError';
  readonly code: GuestImageErrorCode;

  constructor(code: GuestImageErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
