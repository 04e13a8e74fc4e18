// SPDX-License-Identifier: Apache-2.0
import { LinuxError } from '../linux-error.ts';

/**
 * Bytes of a C string. Names on Linux are bytes, so a name that is not UTF-8 comes as bytes.
 *
 * @throws LinuxError `invalid_argument` when it holds a NUL, which C would take for its end.
 */
export function cString(text: string | Uint8Array, syscall: string): Uint8Array {
  const body = typeof text === 'string' ? Buffer.from(text, 'utf8') : text;
  if (body.includes(0)) {
    throw new LinuxError({
      code: 'invalid_argument',
      syscall,
      operand: JSON.stringify(printable(text)),
      detail: 'holds a NUL byte',
    });
  }
  const bytes = new Uint8Array(body.length + 1);
  bytes.set(body);
  return bytes;
}

/** A name for error messages. */
export function printable(text: string | Uint8Array): string {
  return typeof text === 'string' ? text : Buffer.from(text).toString('utf8');
}
