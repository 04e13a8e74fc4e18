// SPDX-License-Identifier: Apache-2.0
import { stat } from 'node:fs/promises';
import { errnoName } from '../errors/describe-error.ts';

/** Whether something is at a path, links followed. Any failure but absence is thrown. */
export async function pathExists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if (errnoName(error) === 'ENOENT') return false;
    throw error;
  }
}
