// SPDX-License-Identifier: Apache-2.0
import { constants } from 'node:os';

/** Name of an error number as in errno(3), or `UNKNOWN` when Node has no name for it (then see {@link LinuxError.errno}). */
export type ErrnoName = keyof typeof constants.errno | 'UNKNOWN';

/**
 * What went wrong: the kernel's name for it, or one of this package's own reasons.
 *
 * - `aborted`: the caller's signal fired; its reason is the `cause`.
 * - `timed_out`: `timeoutMs` passed.
 * - `closed`: the reader, writer or socket was closed while or before the call waited.
 * - `queue_overflow`: more calls were queued on one descriptor than its documented bound.
 * - `invalid_argument`: the request was refused before any system call.
 * - `backend_unavailable`: neither `node:ffi` nor koffi could be loaded.
 */
export type LinuxErrorCode =
  | ErrnoName
  | 'aborted'
  | 'timed_out'
  | 'closed'
  | 'queue_overflow'
  | 'invalid_argument'
  | 'backend_unavailable';

/** What {@link LinuxError} is made of. */
export interface LinuxErrorFields {
  readonly code: LinuxErrorCode;
  /** The system call or, for this package's own codes, the operation. */
  readonly syscall: string;
  /** What it was applied to: a path, a descriptor, a pid. */
  readonly operand?: string | undefined;
  readonly errno?: number | undefined;
  readonly detail?: string | undefined;
  readonly bytesWritten?: number | undefined;
  readonly cause?: unknown;
}

/** The one error class of this package. Match on {@link LinuxError.code}, never on the text. */
export class LinuxError extends Error {
  override readonly name = 'LinuxError';
  readonly code: LinuxErrorCode;
  /** The kernel's number; `undefined` for this package's own codes. */
  readonly errno: number | undefined;
  readonly syscall: string;
  readonly operand: string | undefined;
  /** How many bytes the kernel had taken when a write failed; `undefined` for everything else. */
  readonly bytesWritten: number | undefined;

  constructor(fields: LinuxErrorFields) {
    const operand = fields.operand === undefined ? '' : ` ${fields.operand}`;
    const detail = fields.detail === undefined ? '' : ` (${fields.detail})`;
    super(
      `${fields.syscall}${operand}: ${fields.code}${detail}`,
      fields.cause === undefined ? undefined : { cause: fields.cause },
    );
    this.code = fields.code;
    this.errno = fields.errno;
    this.syscall = fields.syscall;
    this.operand = fields.operand;
    this.bytesWritten = fields.bytesWritten;
  }
}

/** Finds the name of a positive error number. */
export function errnoName(errno: number): ErrnoName {
  for (const [name, value] of Object.entries(constants.errno)) {
    if (value === errno && isErrnoName(name)) return name;
  }
  return 'UNKNOWN';
}

function isErrnoName(name: string): name is ErrnoName {
  return name in constants.errno;
}
