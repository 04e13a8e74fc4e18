// SPDX-License-Identifier: Apache-2.0
import type { TtrpcMetadata } from '../metadata.ts';
import type { AnyMessage } from '../envelope/status-message.ts';
import { decodeStatus } from '../envelope/status-message.ts';

/** The details that middleware left in the trailer the way gRPC carries them (as nice-grpc-error-details does). */
export function statusDetailsOf(trailer: TtrpcMetadata): readonly AnyMessage[] | undefined {
  if (trailer.isEmpty) return undefined;
  const encoded = trailer.get('grpc-status-details-bin');
  return encoded === undefined ? undefined : decodeStatus(encoded).details;
}
