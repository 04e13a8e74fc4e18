// SPDX-License-Identifier: Apache-2.0
import type { CallContext, Metadata } from 'nice-grpc-common';
import type { RequestSpans } from '../envelope/request-envelope.ts';
import { TtrpcMetadata } from '../metadata.ts';

const nanosPerMs = 1e6;

/**
 * What ttRPC adds to nice-grpc's call context. Handlers of a `Server` find it in theirs; generated interfaces take it as
 * the extension: `EchoServiceImplementation<TtrpcCallContext>`.
 */
export interface TtrpcCallContext {
  /**
   * Milliseconds that the call had left when it arrived, possibly with a fraction; `undefined` when it has no deadline.
   * The server keeps it, by aborting `signal`; a handler needs it to pass it on, or to choose what it begins.
   */
  readonly timeoutMs?: number | undefined;
}

/**
 * What a handler knows about its call. All properties are plain, so that middleware may spread the context.
 *
 * ttRPC carries no response metadata: `header` and `sendHeader` have no effect, and of `trailer` only
 * `grpc-status-details-bin` reaches the client, as the status's details.
 */
export class ServerCallContext implements CallContext, TtrpcCallContext {
  readonly metadata: Metadata;
  readonly peer: string;
  readonly header: Metadata = new TtrpcMetadata();
  readonly trailer: TtrpcMetadata = new TtrpcMetadata();
  readonly signal: AbortSignal;
  readonly sendHeader = noHeader;
  readonly timeoutMs: number | undefined;

  constructor(
    { metadata, timeoutNano }: Pick<RequestSpans, 'metadata' | 'timeoutNano'>,
    peer: string,
    signal: AbortSignal,
  ) {
    this.metadata = new TtrpcMetadata(metadata);
    this.peer = peer;
    this.signal = signal;
    this.timeoutMs = timeoutNano === 0n ? undefined : Number(timeoutNano) / nanosPerMs;
  }
}

function noHeader(): void {
  // The protocol has no response header.
}
