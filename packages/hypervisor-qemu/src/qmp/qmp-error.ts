// SPDX-License-Identifier: Apache-2.0

/**
 * What failed on the monitor connection.
 *
 * | code | meaning |
 * |---|---|
 * | `command_failed` | QEMU refused a command; `qemuClass` says how |
 * | `connection_lost` | the connection ended, usually because QEMU did |
 * | `protocol_violation` | the peer sent what is not QMP, or a line beyond the limit |
 * | `event_overflow` | a listener fell behind by more events than its queue holds |
 * | `unsupported_version` | the peer is a QEMU this driver does not know |
 */
export type QmpErrorCode =
  'command_failed' | 'connection_lost' | 'protocol_violation' | 'event_overflow' | 'unsupported_version';

/** Facts beside the message of a {@link QmpError}. */
export interface QmpErrorDetails {
  readonly command?: string;
  readonly qemuClass?: string;
  readonly cause?: unknown;
}

/** Error of the QMP layer. Deadlines and aborts are `HypervisorError`s already. */
export class QmpError extends Error {
  readonly code: QmpErrorCode;
  /** The command that failed, if one did. */
  readonly command: string | undefined;
  /** QEMU's own error class, such as `GenericError` or `DeviceNotFound`. */
  readonly qemuClass: string | undefined;

  constructor(code: QmpErrorCode, message: string, details: QmpErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'QmpError';
    this.code = code;
    this.command = details.command;
    this.qemuClass = details.qemuClass;
  }
}
