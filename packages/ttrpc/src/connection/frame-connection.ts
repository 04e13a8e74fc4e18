// SPDX-License-Identifier: Apache-2.0
import type { Duplex } from 'node:stream';
import type { FrameSink } from '../frame/frame-decoder.ts';
import { FrameDecoder } from '../frame/frame-decoder.ts';
import type { ConnectionLimits } from '../limits.ts';
import { TtrpcError } from '../ttrpc-error.ts';
import type { CloseReason } from './close-reason.ts';
import { FrameWriter } from './frame-writer.ts';

/** What a {@link FrameConnection} reports. A `TtrpcError` thrown from a frame handler closes the connection with it. */
export interface ConnectionSink extends FrameSink {
  /** The connection is over; called once, nothing else is called afterwards. */
  onClose(reason: CloseReason): void;
}

/** A byte stream that carries frames: decodes what arrives, writes what is sent, and ends for exactly one reason. */
export class FrameConnection {
  /** Sends frames; usable until the connection closes, harmless afterwards. */
  readonly writer: FrameWriter;
  /** Resolves, never rejects, when the connection is over. */
  readonly closed: Promise<CloseReason>;
  readonly #stream: Duplex;
  readonly #sink: ConnectionSink;
  readonly #decoder: FrameDecoder;
  readonly #resolveClosed: (reason: CloseReason) => void;
  #pauses = 0;
  #ending = false;
  #over: CloseReason | undefined;

  constructor(stream: Duplex, limits: ConnectionLimits, sink: ConnectionSink) {
    this.#stream = stream;
    this.#sink = sink;
    this.writer = new FrameWriter(stream, limits);
    this.#decoder = new FrameDecoder(sink, limits.maxFrameBytes);
    const { promise, resolve } = Promise.withResolvers<CloseReason>();
    this.closed = promise;
    this.#resolveClosed = resolve;
    stream.on('error', this.#onError);
    stream.on('end', this.#onEnd);
    stream.on('close', this.#onStreamClose);
    stream.on('data', this.#onData);
    // A stream that was paused before it was handed over does not start by itself.
    stream.resume();
    // A stream that died before it was handed over emits nothing any more.
    if (stream.destroyed) process.nextTick(this.#onStreamClose);
  }

  /** Why the connection is over, `undefined` while it is not. */
  get closeReason(): CloseReason | undefined {
    return this.#over;
  }

  /** Stops reading until every pause was taken back by {@link FrameConnection.resume}. */
  pause(): void {
    if (this.#pauses++ === 0) this.#stream.pause();
  }

  /** Takes one pause back. */
  resume(): void {
    if (--this.#pauses === 0 && this.#over === undefined) this.#stream.resume();
  }

  /** Writes out what is queued, then ends the byte stream. */
  end(): void {
    if (this.#over !== undefined || this.#ending) return;
    this.#ending = true;
    this.writer.flush();
    this.#stream.end(() => {
      this.#finish('local', new TtrpcError('connection_closed', 'connection was closed'));
    });
  }

  /** Ends the byte stream at once; what is queued is lost. */
  abort(error: TtrpcError): void {
    this.#finish('aborted', error);
  }

  readonly #onData = (chunk: unknown): void => {
    if (this.#over !== undefined) return;
    try {
      if (!(chunk instanceof Uint8Array)) {
        throw new TtrpcError('protocol_violation', 'the transport delivers something else than bytes');
      }
      this.#decoder.push(chunk);
    } catch (error) {
      if (!(error instanceof TtrpcError)) throw error;
      // What the peer was told about its mistake is still queued and should reach it.
      this.writer.flush();
      this.#finish('failed', error);
    }
  };

  readonly #onEnd = (): void => {
    if (this.#ending) return;
    if (this.#decoder.atBoundary) {
      this.#finish('peer', new TtrpcError('connection_closed', 'peer closed the connection'));
    } else {
      this.#finish('failed', new TtrpcError('connection_closed', 'connection ended inside a frame'));
    }
  };

  readonly #onError = (cause: Error): void => {
    this.#finish(
      'failed',
      new TtrpcError('connection_closed', `connection broke: ${cause.message}`, { cause }),
    );
  };

  readonly #onStreamClose = (): void => {
    if (this.#ending) this.#finish('local', new TtrpcError('connection_closed', 'connection was closed'));
    else this.#finish('failed', new TtrpcError('connection_closed', 'transport was closed'));
  };

  #finish(kind: CloseReason['kind'], error: TtrpcError): void {
    if (this.#over !== undefined) return;
    const reason: CloseReason = { kind, error };
    this.#over = reason;
    const stream = this.#stream;
    stream.off('data', this.#onData);
    stream.off('end', this.#onEnd);
    stream.off('close', this.#onStreamClose);
    stream.off('error', this.#onError);
    // A late error of a stream nobody uses any more must not end the process.
    stream.on('error', ignoreLateError);
    this.#decoder.stop();
    this.writer.stop();
    if (kind === 'failed' && !stream.writableEnded && !stream.destroyed) {
      // Lets a last reply leave; a peer that does not read cannot hold the stream open longer than this.
      stream.end(() => stream.destroy());
      setTimeout(() => stream.destroy(), lastWordsMs).unref();
    } else {
      stream.destroy();
    }
    this.#sink.onClose(reason);
    this.#resolveClosed(reason);
  }
}

/** Milliseconds a broken connection gets to write out its last reply. */
const lastWordsMs = 1000;

function ignoreLateError(): void {
  // The reason of the close is already known.
}
