// SPDX-License-Identifier: Apache-2.0
import type { Metadata } from 'nice-grpc-common';

/** Records what happens while calls are answered. */
export interface CallTracer {
  /**
   * Runs the handler of a call inside a span of its own, whose parent is the one named in the metadata (W3C trace context).
   * What the handler throws is recorded and thrown again.
   *
   * @param method - name on the wire, for example `CreateContainer`
   */
  trace<Result>(method: string, metadata: Metadata, handler: () => Promise<Result>): Promise<Result>;
  /** Sends what has not been sent yet, within a second. */
  close(): Promise<void>;
}
