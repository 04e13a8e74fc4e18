// SPDX-License-Identifier: Apache-2.0
import { ClientError, ServerError, Status } from 'nice-grpc-common';

import { SandboxError, type SandboxErrorCode } from '../sandbox-error.ts';

/** The owner's errors that arrive in other processes under their own codes; all others arrive as `tool_failed`. */
const crossings: readonly (readonly [SandboxErrorCode, Status])[] = [
  ['invalid_options', Status.RESOURCE_EXHAUSTED],
  ['invalid_state', Status.FAILED_PRECONDITION],
  ['vm_exited', Status.UNAVAILABLE],
  ['timeout', Status.DEADLINE_EXCEEDED],
  ['aborted', Status.CANCELLED],
  ['device_failed', Status.ABORTED],
];

/**
 * What an owner does for another process; its error crosses as a status with the same words.
 * @param run does it
 */
export async function answerCaller<T>(run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    if (!(error instanceof SandboxError)) throw error;
    const status = crossings.find(([code]) => code === error.code)?.[1] ?? Status.INTERNAL;
    throw new ServerError(status, error.message);
  }
}

/**
 * What another process asks of an owner; what it is refused with is a `SandboxError` again.
 * @param call under way
 * @param remedies by the error's code: what a person can do about it
 */
export async function askOwner<T>(
  call: Promise<T>,
  remedies: Partial<Readonly<Record<SandboxErrorCode, string>>> = {},
): Promise<T> {
  try {
    return await call;
  } catch (cause) {
    if (!(cause instanceof ClientError)) throw cause;
    const code = crossings.find(([, status]) => status === cause.code)?.[0] ?? 'tool_failed';
    const remedy = remedies[code];
    throw new SandboxError(code, cause.details, { cause, ...(remedy !== undefined && { remedy }) });
  }
}
