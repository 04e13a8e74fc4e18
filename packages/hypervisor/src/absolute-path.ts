// SPDX-License-Identifier: Apache-2.0
import { isAbsolute } from 'node:path';

/** Whether a text is an absolute path that the system can take: a NUL would end it early. */
export function isAbsolutePath(path: string): boolean {
  return isAbsolute(path) && !path.includes('\0');
}
