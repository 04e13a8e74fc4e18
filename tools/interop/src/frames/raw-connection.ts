// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { createConnection } from 'node:net';
import { decodeResponseEnvelope, encodeFrame, FrameDecoder, frameType } from '@hako/ttrpc';
import { statusName } from '../peer/status-code.ts';

/** Longest answer that a case expects; servers answer with a status and a few words. */
const maxAnswerBytes = 64 * 1024;

/** A client without a client: sends frames as they are, and notes what is answered. */
export class RawConnection implements AsyncDisposable {
  readonly #socket: Socket;
  readonly #answers = new Map<number, PromiseWithResolvers<string>>();
  readonly #closed: Promise<void>;

  private constructor(socket: Socket) {
    this.#socket = socket;
    const decoder = new FrameDecoder(
      {
        onFrame: (streamId, type, _flags, source, start, end) => {
          const status =
            type === frameType.response ? decodeResponseEnvelope(source, start, end).status : undefined;
          this.#answer(streamId).resolve(statusName(status?.code ?? 0));
        },
        onOversizedFrame: (streamId) => this.#answer(streamId).resolve('oversized answer'),
      },
      maxAnswerBytes,
    );
    socket.on('data', (chunk: Buffer) => decoder.push(chunk));
    // A reset is one way to be closed; `close` follows it.
    socket.on('error', () => undefined);
    this.#closed = new Promise((resolveClosed) => {
      socket.once('close', () => {
        for (const { resolve } of this.#answers.values()) resolve('closed');
        resolveClosed();
      });
    });
  }

  static async open(socketPath: string): Promise<RawConnection> {
    const socket = createConnection(socketPath);
    await once(socket, 'connect');
    return new RawConnection(socket);
  }

  /** Sends bytes, whatever they are. */
  send(bytes: Uint8Array): void {
    if (this.#socket.writable) this.#socket.write(bytes);
  }

  /** Sends a frame whose header is right about its length. */
  sendFrame(streamId: number, type: number, flags: number, payload?: Uint8Array): void {
    this.send(encodeFrame(streamId, type, flags, payload));
  }

  /** The status of the first answer on a stream; `closed` when the connection ended without one. */
  answer(streamId: number): Promise<string> {
    const { promise, resolve } = this.#answer(streamId);
    if (this.#socket.closed) resolve('closed');
    return promise;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.destroy();
    await this.#closed;
  }

  #answer(streamId: number): PromiseWithResolvers<string> {
    const known = this.#answers.get(streamId);
    if (known !== undefined) return known;
    const answer = Promise.withResolvers<string>();
    this.#answers.set(streamId, answer);
    return answer;
  }
}
