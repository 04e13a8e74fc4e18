// SPDX-License-Identifier: Apache-2.0
import { Status } from 'nice-grpc-common';

import type { SandboxErrorCode } from '../sandbox-error.ts';

/** The owner's errors that arrive in other processes under their own codes. */
const crossings: readonly (readonly [SandboxErrorCode, Status])[] = [
  ['invalid_options', Status.RESOURCE_EXHAUSTED],
  ['invalid_state', Status.FAILED_PRECONDITION],
  ['vm_exited', Status.UNAVAILABLE],
  ['timeout', Status.DEADLINE_EXCEEDED],
  ['aborted', Status.CANCELLED],
];

/**
 * The status as which an error of the owner crosses to another process.
 * @param code the error's
 */
export function statusOf(code: SandboxErrorCode): Status {
  return crossings.find(([known]) => known === code)?.[1] ?? Status.INTERNAL;
}

/**
 * The code of an error that has crossed.
 * @param status what it has crossed as
 */
export function codeOf(status: Status): SandboxErrorCode {
  return crossings.find(([, known]) => known === status)?.[0] ?? 'tool_failed';
}
