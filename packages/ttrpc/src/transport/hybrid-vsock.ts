// SPDX-License-Identifier: Apache-2.0
import type { Duplex } from 'node:stream';
import { TtrpcError } from '../ttrpc-error.ts';

/** The answer is `OK <port>`; a line much longer than that is something else. */
const maxLineBytes = 64;
const newline = 0x0a;

/**
 * Asks the far end of a hybrid vsock for a guest port: sends `CONNECT <port>`, waits for a line that begins with `OK`
 * (Firecracker, docs/vsock.md). Bytes behind the line stay in the stream.
 * @returns the same stream, paused; it is destroyed on every failure.
 * @throws {@link TtrpcError} `dial_failed` when refused, closed or answered with anything else.
 */
export function shakeHybridHands<Stream extends Duplex>(
  stream: Stream,
  port: number,
  signal: AbortSignal,
): Promise<Stream> {
  return new Promise((resolve, reject) => {
    let received: Uint8Array = new Uint8Array(0);
    const leave = (): void => {
      stream.off('data', onData);
      stream.off('error', fail);
      stream.off('close', onClose);
      stream.off('end', onClose);
      signal.removeEventListener('abort', onAbort);
    };
    const fail = (cause: unknown): void => {
      leave();
      stream.on('error', ignoreLateError);
      stream.destroy();
      reject(cause instanceof Error ? cause : new Error('aborted'));
    };
    const onData = (chunk: Buffer): void => {
      received = Buffer.concat([received, chunk.subarray(0, maxLineBytes - received.length)]);
      const end = received.indexOf(newline);
      if (end < 0 && received.length < maxLineBytes) return;
      const line = Buffer.from(received.subarray(0, end < 0 ? undefined : end)).toString('latin1');
      if (end < 0 || !/^OK\b/.test(line)) {
        fail(refused(`answered ${JSON.stringify(line)}`));
        return;
      }
      leave();
      stream.pause();
      // What arrived in this chunk behind the line; earlier chunks had no newline.
      const behind = chunk.subarray(chunk.indexOf(newline) + 1);
      if (behind.length > 0) stream.unshift(behind);
      resolve(stream);
    };
    const onClose = (): void => fail(refused('closed the connection'));
    const onAbort = (): void => fail(signal.reason);
    const refused = (what: string): TtrpcError =>
      new TtrpcError('dial_failed', `hybrid vsock ${what} when asked for port ${port}`);
    stream.on('data', onData);
    stream.on('error', fail);
    stream.on('close', onClose);
    stream.on('end', onClose);
    if (signal.aborted) onAbort();
    else {
      signal.addEventListener('abort', onAbort);
      stream.write(`CONNECT ${port}\n`);
    }
  });
}

function ignoreLateError(): void {
  // The stream was given up.
}
