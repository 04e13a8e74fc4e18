// SPDX-License-Identifier: Apache-2.0
import { constants } from 'node:fs';
import { access } from 'node:fs/promises';

/**
 * Whether this process can use a file. What is not there, it cannot use.
 * @param path the file
 * @param mode in which way, by the constants of access(2) such as `X_OK`; default: that it is there is enough
 */
export function canAccess(path: string, mode: number = constants.F_OK): Promise<boolean> {
  return access(path, mode).then(
    () => true,
    () => false,
  );
}
