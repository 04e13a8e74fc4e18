// SPDX-License-Identifier: Apache-2.0

/** Bytes of the header before every frame: length (4), stream id (4), type (1), flags (1), integers big-endian. */
export const frameHeaderBytes = 10;

/** What a frame is, header byte 8 (containerd/ttrpc, PROTOCOL.md, "Message Types"). */
export const frameType = {
  /** Opens a stream; carries a Request envelope. Client to server only. */
  request: 1,
  /** Ends a stream; carries a Response envelope. Server to client only. */
  response: 2,
  /** One message of a streaming call, without envelope. */
  data: 3,
  /**
   * The client has given the call up. An extension: peers that do not know a type ignore the frame, as the Go and
   * Rust implementations do, so it is safe to send. Empty; client to server only.
   */
  cancel: 0x43,
} as const;

/** Bits of header byte 9 (containerd/ttrpc, PROTOCOL.md, "Request Flags" and "Data Flags"). */
export const frameFlag = {
  /** The sender of the frame sends no more on this stream. */
  remoteClosed: 0x01,
  /** On a request: data frames will follow. */
  remoteOpen: 0x02,
  /**
   * On a data frame: it carries no message (an empty payload would otherwise be an empty message). On a request with
   * {@link frameFlag.remoteOpen}: there is no first message inside its envelope.
   */
  noData: 0x04,
} as const;

/** The ten bytes before a payload, decoded. */
export interface FrameHeader {
  /** Length of the payload in bytes. */
  readonly payloadBytes: number;
  /** Odd for streams opened by the client. */
  readonly streamId: number;
  /** A value of {@link frameType}, or a number this version does not know. */
  readonly type: number;
  /** Bits of {@link frameFlag}. */
  readonly flags: number;
}

/** Writes a header at `offset`; the target must have {@link frameHeaderBytes} left there. */
export function writeFrameHeader(
  target: Uint8Array,
  offset: number,
  payloadBytes: number,
  streamId: number,
  type: number,
  flags: number,
): void {
  target[offset] = payloadBytes >>> 24;
  target[offset + 1] = payloadBytes >>> 16;
  target[offset + 2] = payloadBytes >>> 8;
  target[offset + 3] = payloadBytes;
  target[offset + 4] = streamId >>> 24;
  target[offset + 5] = streamId >>> 16;
  target[offset + 6] = streamId >>> 8;
  target[offset + 7] = streamId;
  target[offset + 8] = type;
  target[offset + 9] = flags;
}

/** Reads the big-endian unsigned 32-bit integer at `offset`. */
export function readUint32(source: Uint8Array, offset: number): number {
  return (
    (((source[offset] ?? 0) << 24) |
      ((source[offset + 1] ?? 0) << 16) |
      ((source[offset + 2] ?? 0) << 8) |
      (source[offset + 3] ?? 0)) >>>
    0
  );
}

/** Builds one whole frame. For tests, tools and peers written by hand; connections write into a shared buffer instead. */
export function encodeFrame(
  streamId: number,
  type: number,
  flags: number,
  payload: Uint8Array = new Uint8Array(0),
): Uint8Array {
  const frame = new Uint8Array(frameHeaderBytes + payload.length);
  writeFrameHeader(frame, 0, payload.length, streamId, type, flags);
  frame.set(payload, frameHeaderBytes);
  return frame;
}
