// SPDX-License-Identifier: Apache-2.0
import { TtrpcClientError, TtrpcError } from '@hako/ttrpc';
import { isAbortError } from 'abort-controller-x';
import type { Outcome } from '../driver-protocol.ts';

/** How a call ended that did not end well, in the suite's terms. */
export function outcomeOf(error: unknown): Omit<Outcome, 'id'> {
  if (isAbortError(error)) return { abandoned: true };
  if (!(error instanceof TtrpcClientError)) {
    return { local: error instanceof Error ? error.message : String(error) };
  }
  const { cause } = error;
  if (cause instanceof TtrpcError && (cause.code === 'connection_closed' || cause.code === 'aborted')) {
    return { closed: true };
  }
  const details = error.statusDetails.map(({ typeUrl, value }) => ({
    typeUrl,
    value: Buffer.from(value).toString('base64'),
  }));
  return { status: { code: error.code, message: error.details, details } };
}
