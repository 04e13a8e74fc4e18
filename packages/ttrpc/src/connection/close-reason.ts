// SPDX-License-Identifier: Apache-2.0
import type { TtrpcError } from '../ttrpc-error.ts';

/** How a connection came to its end. */
export interface CloseReason {
  /**
   * - `local`: this side closed it gracefully;
   * - `peer`: the peer ended the byte stream between two frames;
   * - `aborted`: this side ended it at once;
   * - `failed`: the transport broke, the stream ended inside a frame, or the peer violated the protocol.
   */
  readonly kind: 'local' | 'peer' | 'aborted' | 'failed';
  /** What calls in flight were failed with. */
  readonly error: TtrpcError;
}

/** How long a caller is ready to wait for a graceful end. */
export interface CloseOptions {
  /** Aborting stops the waiting: what is left is ended at once. */
  readonly signal?: AbortSignal;
  /** Milliseconds after which what is left is ended at once. Default: no limit. */
  readonly timeoutMs?: number;
}
