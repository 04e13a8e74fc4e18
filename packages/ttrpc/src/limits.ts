// SPDX-License-Identifier: Apache-2.0
import { TtrpcError } from './ttrpc-error.ts';

/** The longest payload of one frame in bytes, header not counted (containerd/ttrpc, PROTOCOL.md, "Message Frame"). */
export const maxFramePayloadBytes = 4 * 1024 * 1024;

/** What a stream does when its receive queue is full. */
export type QueueOverflow =
  /** That one stream fails with `queue_overflow`; all others go on. */
  | 'fail-stream'
  /** Reading from the connection pauses until the queue is half empty: flow control, at the price of every other stream. */
  | 'pause-connection';

/** The named bounds of one connection. */
export interface ConnectionLimits {
  /** Longest frame payload sent or accepted, in bytes. Default and protocol maximum: 4 MiB. */
  readonly maxFrameBytes: number;
  /**
   * Received messages of one stream that wait for their reader, in bytes (each message counts 64 bytes more
   * than its length). Default 8 MiB. What happens beyond is {@link ConnectionLimits.queueOverflow}.
   */
  readonly receiveQueueBytes: number;
  /** What a full receive queue does. Default `fail-stream`. */
  readonly queueOverflow: QueueOverflow;
  /**
   * Bytes waiting to be written above which new calls wait for their turn, and a server stops reading requests.
   * Default 1 MiB.
   */
  readonly sendQueueBytes: number;
  /**
   * Bytes of streams' messages waiting to be written (each message counts 2 KiB more than its length) above which
   * the next ones wait for their turn: all that streams can put in the way of a request or a reply. Default 512 KiB; no
   * more than {@link ConnectionLimits.sendQueueBytes}.
   */
  readonly streamQueueBytes: number;
  /**
   * Calls open at once on one connection. A server answers RESOURCE_EXHAUSTED beyond, a channel fails the call
   * with that status. Default 65,536.
   */
  readonly maxConcurrentStreams: number;
}

/** The bounds that apply where none are given. */
export const defaultLimits: ConnectionLimits = {
  maxFrameBytes: maxFramePayloadBytes,
  receiveQueueBytes: 8 * 1024 * 1024,
  queueOverflow: 'fail-stream',
  sendQueueBytes: 1024 * 1024,
  streamQueueBytes: 512 * 1024,
  maxConcurrentStreams: 65_536,
};

/**
 * Fills in the defaults and checks the numbers.
 * @throws {@link TtrpcError} `invalid_argument` for a bound that is not a positive integer or exceeds the protocol's maximum.
 */
export function resolveLimits(limits: Partial<ConnectionLimits> = {}): ConnectionLimits {
  const resolved = { ...defaultLimits, ...limits };
  for (const name of [
    'maxFrameBytes',
    'receiveQueueBytes',
    'sendQueueBytes',
    'streamQueueBytes',
    'maxConcurrentStreams',
  ] as const) {
    if (!Number.isSafeInteger(resolved[name]) || resolved[name] < 1) {
      throw new TtrpcError('invalid_argument', `limit ${name} is not a positive integer: ${resolved[name]}`);
    }
  }
  if (resolved.maxFrameBytes > maxFramePayloadBytes) {
    throw new TtrpcError('invalid_argument', `limit maxFrameBytes exceeds ${maxFramePayloadBytes}`);
  }
  return resolved;
}
