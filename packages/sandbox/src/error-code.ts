// SPDX-License-Identifier: Apache-2.0

/**
 * The name of what the system refused with, such as `EBUSY`.
 * @param error a caught value
 */
export function errorCode(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}
