// SPDX-License-Identifier: Apache-2.0
import type { CallOptions } from 'nice-grpc-common';
import { encodeRequestTail } from '../envelope/request-envelope.ts';
import { metadataToPairs } from '../metadata.ts';
import { TtrpcError } from '../ttrpc-error.ts';

/** What ttRPC adds to nice-grpc's call options. */
export interface TtrpcCallOptions {
  /**
   * Milliseconds the call may take; sent along (`timeout_nano`) and enforced on both sides. Running out is
   * DEADLINE_EXCEEDED. Zero and less has run out already. Default: no limit.
   */
  timeoutMs?: number;
}

/** The options of one call: nice-grpc's `metadata`, `signal`, `onHeader` (never called), `onTrailer`, and `timeoutMs`. */
export type ChannelCallOptions = CallOptions & TtrpcCallOptions;

/** Node's timers take no longer delays; such calls are left to the server's clock. */
const maxTimerMs = 2 ** 31 - 1;
const noBytes = new Uint8Array(0);

/** The trailing envelope fields that the options ask for. */
export function encodeOptions(options: ChannelCallOptions): Uint8Array {
  const { timeoutMs, metadata } = options;
  if (timeoutMs === undefined && metadata === undefined) return noBytes;
  return encodeRequestTail(
    timeoutMs === undefined ? 0n : nanoseconds(timeoutMs),
    metadata === undefined ? [] : metadataToPairs(metadata),
  );
}

/** Starts the client's own clock for a call; `undefined` when there is no deadline to watch. */
export function startDeadline(
  options: ChannelCallOptions,
  onDeadline: () => void,
): NodeJS.Timeout | undefined {
  const { timeoutMs } = options;
  if (timeoutMs === undefined || timeoutMs > maxTimerMs) return undefined;
  return setTimeout(onDeadline, timeoutMs);
}

function nanoseconds(timeoutMs: number): bigint {
  if (Number.isNaN(timeoutMs)) throw new TtrpcError('invalid_argument', 'timeoutMs is not a number');
  const nano = timeoutMs * 1e6;
  if (nano >= 2 ** 63) return 0n;
  return nano < 1 ? 1n : BigInt(Math.round(nano));
}
