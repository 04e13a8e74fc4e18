// SPDX-License-Identifier: Apache-2.0
import { Status } from 'nice-grpc-common';

/** Whether a number from the wire or from a case is one of the seventeen codes. */
export function isStatusCode(code: number): code is Status {
  return code in Status;
}

/** A code's name, `CODE_n` for one nobody knows. */
export function statusName(code: number): string {
  return isStatusCode(code) ? Status[code] : `CODE_${code}`;
}
