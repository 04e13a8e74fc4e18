// SPDX-License-Identifier: Apache-2.0

/**
 * What went wrong, for programs.
 *
 * - `device_not_found`: no device has this id;
 * - `device_not_attached`: detaching a device that is not attached;
 * - `device_attached`: removing the last reference to a device that is attached;
 * - `invalid_device`: the description of a device is incomplete or contradicts the host;
 * - `attach_failed`, `detach_failed`: the virtual machine refused; `cause` says why, and counts are as before;
 * - `aborted`, `timed_out`: the same, because the caller's signal or time limit ended it;
 * - `no_guest_address`: the virtual machine did not say where the guest finds an attached device;
 * - `id_exhausted`, `block_index_exhausted`: no free id or index is left;
 * - `count_overflow`: a reference or attach count is at its maximum;
 * - `queue_overflow`: too many operations wait for one device;
 * - `invalid_state`: saved state cannot be loaded.
 */
export type DeviceManagerErrorCode =
  | 'device_not_found'
  | 'device_not_attached'
  | 'device_attached'
  | 'invalid_device'
  | 'attach_failed'
  | 'detach_failed'
  | 'aborted'
  | 'timed_out'
  | 'no_guest_address'
  | 'id_exhausted'
  | 'block_index_exhausted'
  | 'count_overflow'
  | 'queue_overflow'
  | 'invalid_state';

/** The error of this package. */
export class DeviceManagerError extends Error {
  override readonly name = 'DeviceManagerError';
  readonly code: DeviceManagerErrorCode;
  /** The device concerned, or its host path while it has no id. */
  readonly device: string | undefined;

  constructor(
    code: DeviceManagerErrorCode,
    message: string,
    details: { readonly device?: string | undefined; readonly cause?: unknown } = {},
  ) {
    super(message, 'cause' in details ? { cause: details.cause } : undefined);
    this.code = code;
    this.device = details.device;
  }
}
