// SPDX-License-Identifier: Apache-2.0
import type { CallContext, Metadata } from 'nice-grpc-common';
import type { KeyValue } from '../envelope/request-envelope.ts';
import { TtrpcMetadata } from '../metadata.ts';

/**
 * What a handler knows about its call. All properties are plain, so that middleware may spread the context.
 *
 * ttRPC carries no response metadata: `header` and `sendHeader` have no effect, and of `trailer` only
 * `grpc-status-details-bin` reaches the client, as the status's details.
 */
export class ServerCallContext implements CallContext {
  readonly metadata: Metadata;
  readonly peer: string;
  readonly header: Metadata = new TtrpcMetadata();
  readonly trailer: TtrpcMetadata = new TtrpcMetadata();
  readonly signal: AbortSignal;
  readonly sendHeader = noHeader;

  constructor(metadata: readonly KeyValue[], peer: string, signal: AbortSignal) {
    this.metadata = new TtrpcMetadata(metadata);
    this.peer = peer;
    this.signal = signal;
  }
}

function noHeader(): void {
  // The protocol has no response header.
}
