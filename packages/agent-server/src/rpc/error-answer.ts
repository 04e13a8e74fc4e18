// SPDX-License-Identifier: Apache-2.0
import { ServerError, Status } from 'nice-grpc-common';
import type { Logger } from '../logging/logger.ts';
import type { MethodName } from './rpc-context.ts';
import { statusOfError } from './status-of-error.ts';

/**
 * The status with which a failed call is answered. What nobody foresaw goes into the log and is not told.
 *
 * @param wireName - the call, for the log
 */
export function answerToError(
  error: unknown,
  { method, wireName }: { readonly method: MethodName; readonly wireName: string },
  logger: Logger,
): ServerError {
  const status = statusOfError(error, method);
  if (status !== undefined) return status;
  const stack = error instanceof Error ? error.stack : undefined;
  logger.error({ method: wireName, error, stack }, 'handler failed');
  return new ServerError(Status.INTERNAL, 'internal error');
}
