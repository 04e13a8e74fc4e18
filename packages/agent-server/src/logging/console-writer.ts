// SPDX-License-Identifier: Apache-2.0
import { writeSync } from 'node:fs';
import { errnoName } from '../errors/describe-error.ts';

const maxRetries = 100;

/**
 * Writes log lines straight to a descriptor. `process.stdout` is avoided: making its stream costs start-up time, and a
 * line must be out before the machine powers off.
 *
 * A line the reader has no room for (EAGAIN on a non-blocking pipe) is tried again up to a hundred times and then
 * dropped; a descriptor that is gone swallows it.
 *
 * @param fd - for example 1
 */
export function createConsoleWriter(fd: number): (line: string) => void {
  return (line) => {
    const bytes = Buffer.from(line);
    let written = 0;
    for (let attempt = 0; written < bytes.length && attempt < maxRetries; attempt += 1) {
      try {
        written += writeSync(fd, bytes, written);
      } catch (error) {
        if (errnoName(error) !== 'EAGAIN') return;
      }
    }
  };
}
