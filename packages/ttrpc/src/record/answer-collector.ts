// SPDX-License-Identifier: Apache-2.0
import { decodeResponseEnvelope } from '../envelope/response-envelope.ts';
import type { StatusMessage } from '../envelope/status-message.ts';
import { frameFlag, frameType } from '../frame/frame-header.ts';
import type { Answer } from './answer-difference.ts';
import type { RecordedMessage } from './message-codec.ts';

const ok: StatusMessage = { code: 0, message: '', details: [] };

/** Gathers the frames of a server on one stream. */
export class AnswerCollector {
  readonly #messages: Uint8Array[] = [];
  #response: Uint8Array | undefined;
  #closed = false;

  /** Messages so far, that of a response not counted. */
  get messageCount(): number {
    return this.#messages.length;
  }

  /** Whether the server has ended the stream. */
  get ended(): boolean {
    return this.#closed;
  }

  /** Takes a frame; the payload is kept. */
  add(type: number, flags: number, payload: Uint8Array): void {
    if (type === frameType.response) {
      this.#response = payload;
      this.#closed = true;
    } else if (type === frameType.data) {
      if ((flags & frameFlag.noData) === 0) this.#messages.push(payload);
      if ((flags & frameFlag.remoteClosed) !== 0) this.#closed = true;
    }
  }

  /**
   * What was said so far.
   * @param responseStream - whether an empty payload of a successful response is the end of a stream and no message.
   */
  answer(responseStream: boolean, decode: (encoded: Uint8Array) => RecordedMessage): Answer {
    const messages = this.#messages.map(decode);
    if (this.#response === undefined) return { messages, status: this.#closed ? ok : undefined };
    const { status = ok, payload } = decodeResponseEnvelope(this.#response);
    if (status.code === 0 && (payload.length > 0 || !responseStream)) messages.push(decode(payload));
    return { messages, status };
  }
}
