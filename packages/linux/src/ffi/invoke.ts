// SPDX-License-Identifier: Apache-2.0
import { errnoName, LinuxError } from '../linux-error.ts';
import type { Libc } from './libc.ts';
import type { FunctionArguments, FunctionName } from './prototypes.ts';

/**
 * Calls a function and turns −1 into an exception.
 *
 * @throws LinuxError with the errno name as code.
 */
export function invoke<Name extends FunctionName>(
  libc: Libc,
  operand: string | undefined,
  name: Name,
  ...values: FunctionArguments<Name>
): number {
  const result = libc.call(name, ...values);
  if (result === -1) throw systemError(libc, name, operand);
  return result;
}

const again = 11; // EAGAIN
const interrupted = 4; // EINTR

/** Whether the failed call is only to be made once more, later. Cheaper than the error it would be. */
export function isToBeRepeated(libc: Libc): boolean {
  const errno = libc.errno();
  return errno === again || errno === interrupted;
}

/** The error that the failed call just left in errno. */
export function systemError(libc: Libc, syscall: string, operand: string | undefined): LinuxError {
  const errno = libc.errno();
  return new LinuxError({ code: errnoName(errno), errno, syscall, operand });
}
