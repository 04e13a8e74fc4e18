// SPDX-License-Identifier: Apache-2.0
import type { Duplex } from 'node:stream';
import { viewOf } from '../envelope/wire-reader.ts';
import { FrameDecoder } from '../frame/frame-decoder.ts';
import { maxFramePayloadBytes } from '../limits.ts';
import { TtrpcError } from '../ttrpc-error.ts';
import { AnswerCollector } from './answer-collector.ts';

/** How far a server has come on a stream. */
export interface Progress {
  readonly messageCount: number;
  readonly ended: boolean;
}

/** Bytes of answers that are kept for comparison; a server that says more than this is cut off. */
const maxKeptBytes = 256 * 1024 * 1024;

/** A connection that sends frames as they were recorded and gathers the answers. */
export class ReplayConnection implements AsyncDisposable {
  readonly #stream: Duplex;
  readonly #answers = new Map<number, AnswerCollector>();
  readonly #listeners = new Set<() => void>();
  #keptBytes = 0;
  #over = false;

  constructor(stream: Duplex) {
    this.#stream = stream;
    const decoder = new FrameDecoder(
      {
        onFrame: (streamId, type, flags, source, start, end) => {
          this.#keptBytes += end - start;
          if (this.#keptBytes > maxKeptBytes) stream.destroy();
          this.#answers.get(streamId)?.add(type, flags, viewOf(source, start, end).slice());
          this.#tell();
        },
        onOversizedFrame: () => undefined,
      },
      maxFramePayloadBytes,
    );
    stream.on('data', (chunk: Uint8Array) => {
      try {
        decoder.push(chunk);
      } catch (error) {
        if (!(error instanceof TtrpcError)) throw error;
        stream.destroy();
      }
    });
    stream.on('error', this.#onOver);
    stream.on('end', this.#onOver);
    stream.on('close', this.#onOver);
  }

  /** Expects answers on a stream. */
  open(streamId: number): void {
    this.#answers.set(streamId, new AnswerCollector());
  }

  /** Sends bytes; resolves when there is room for more, also when the connection is over. */
  async send(bytes: Uint8Array): Promise<void> {
    if (this.#over || this.#stream.write(bytes)) return;
    await new Promise<void>((resolve) => {
      this.#stream.once('drain', resolve);
      this.#stream.once('close', resolve);
    });
  }

  /** Waits until a server has said as much on a stream as it once did; returns when the time or the connection is over. */
  async waitFor(
    streamId: number,
    expected: Progress,
    timeoutMs: number,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    let look = (): void => undefined;
    let timer: NodeJS.Timeout | undefined;
    const settled = new Promise<void>((resolve) => {
      look = () => {
        const progress = this.#answers.get(streamId) ?? { messageCount: 0, ended: false };
        const enough = !expected.ended && progress.messageCount >= expected.messageCount;
        if (enough || progress.ended || this.#over || signal?.aborted === true) resolve();
      };
      timer = setTimeout(resolve, timeoutMs);
    });
    signal?.addEventListener('abort', look);
    this.#listeners.add(look);
    try {
      look();
      await settled;
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', look);
      this.#listeners.delete(look);
    }
    signal?.throwIfAborted();
  }

  /** What was said on a stream; it is forgotten here. */
  take(streamId: number): AnswerCollector {
    const answer = this.#answers.get(streamId) ?? new AnswerCollector();
    this.#answers.delete(streamId);
    return answer;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#stream.closed) return;
    await new Promise<void>((resolve) => {
      this.#stream.once('close', resolve);
      this.#stream.destroy();
    });
  }

  readonly #onOver = (): void => {
    this.#over = true;
    this.#tell();
  };

  #tell(): void {
    for (const listener of [...this.#listeners]) listener();
  }
}
