// SPDX-License-Identifier: Apache-2.0
import { isAbsolutePath } from './absolute-path.ts';
import { HypervisorError } from './hypervisor-error.ts';

/** The error about one field of a config. */
export function invalidConfig(
  operand: string,
  message: string,
  remedy?: string,
  cause?: unknown,
): HypervisorError {
  return new HypervisorError('invalid_config', message, { operand, ...(remedy && { remedy }), cause });
}

/** @throws HypervisorError `invalid_config` unless a path of a config is absolute; an absent one is none */
export function checkConfigPath(field: string, path: string | undefined): void {
  if (path === undefined || isAbsolutePath(path)) return;
  throw invalidConfig(field, `${field} ${JSON.stringify(path)} is not an absolute path`);
}
