// SPDX-License-Identifier: Apache-2.0
import { frameType } from '../frame/frame-header.ts';
import type { FrameWriter } from './frame-writer.ts';
import { keepPayload } from './frame-writer.ts';

const noBytes = new Uint8Array(0);

/**
 * Sends a message of a stream, waiting for room in the send queue first.
 * @param signal - aborted when the stream is over: the waiting ends, nothing is sent.
 * @returns `undefined` when the frame was queued at once.
 * @throws TtrpcError `frame_too_large`, also as rejection.
 */
export function sendDataFrame(
  writer: FrameWriter,
  streamId: number,
  flags: number,
  payload: Uint8Array,
  signal: AbortSignal,
): Promise<void> | undefined {
  if (writer.data.ready) {
    writer.write(streamId, frameType.data, flags, noBytes, 0, payload, noBytes);
    return undefined;
  }
  const kept = keepPayload(payload);
  return new Promise((resolve, reject) => {
    const onAbort = (): void => {
      leave();
      resolve();
    };
    const leave = writer.data.whenReady(() => {
      signal.removeEventListener('abort', onAbort);
      try {
        writer.write(streamId, frameType.data, flags, noBytes, 0, kept, noBytes);
        resolve();
      } catch (error) {
        // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- handed on as it was thrown
        reject(error);
      }
    });
    signal.addEventListener('abort', onAbort, { once: true });
  });
}
