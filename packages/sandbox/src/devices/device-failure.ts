// SPDX-License-Identifier: Apache-2.0
import { DeviceManagerError } from '@hako/device-manager';
import { HypervisorError } from '@hako/hypervisor';

import { describeError, SandboxError, type SandboxErrorCode } from '../sandbox-error.ts';

/** QEMU's words for a disk that another process has open. */
const lockedDisk = /Failed to get (?:shared )?"\w+(?: \w+)*" lock/;

/**
 * Says what went wrong with a device: `device_failed`, `invalid_options`, `aborted` or `timeout`.
 * @param path the device on the host
 * @param error what device manager or hypervisor threw
 */
export function deviceFailure(path: string, error: unknown): SandboxError {
  if (error instanceof SandboxError) return error;
  const root = error instanceof DeviceManagerError && error.cause !== undefined ? error.cause : error;
  const why = describeError(root);
  if (lockedDisk.test(why)) {
    return new SandboxError('device_failed', `${path} is in use by another sandbox`, {
      cause: error,
      remedy: 'end that one, or give the disk read-only to all of them',
    });
  }
  return new SandboxError(codeOf(error, root), `device ${path}: ${why}`, {
    cause: error,
    ...(HypervisorError.is(root) && root.remedy !== undefined ? { remedy: root.remedy } : {}),
  });
}

function codeOf(error: unknown, root: unknown): SandboxErrorCode {
  const { code } =
    error instanceof DeviceManagerError || HypervisorError.is(error) ? error : { code: 'unknown' };
  if (code === 'aborted') return 'aborted';
  if (code === 'timed_out' || code === 'timeout') return 'timeout';
  const isRefused = code === 'invalid_device' || (HypervisorError.is(root) && root.code === 'invalid_device');
  return isRefused ? 'invalid_options' : 'device_failed';
}
