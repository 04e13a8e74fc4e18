// SPDX-License-Identifier: Apache-2.0
import { Duplex } from 'node:stream';

/** How {@link createMemoryPair} behaves. */
export interface MemoryPairOptions {
  /** Bytes each end takes before the other has to wait. Default 64 KiB. */
  readonly highWaterMarkBytes?: number;
  /** Longest chunk delivered: cuts writes into pieces. Default: as written. */
  readonly chunkBytes?: number;
}

/**
 * Makes two ends of a byte stream within this process, with backpressure. What is written arrives in a later turn of
 * the event loop, as with a socket, so that two ends in conversation leave time for everything else. Destroying one end
 * ends the other. Bytes are handed over, not copied: do not change what was written.
 */
export function createMemoryPair(options: MemoryPairOptions = {}): [Duplex, Duplex] {
  const near = new MemoryEnd(options);
  const far = new MemoryEnd(options);
  near.join(far);
  far.join(near);
  return [near, far];
}

type Written = (error?: Error) => void;

class MemoryEnd extends Duplex {
  readonly #chunkBytes: number;
  #peer: MemoryEnd | undefined;
  #peerWaits: (() => void) | undefined;
  #ended = false;

  constructor({ highWaterMarkBytes = 64 * 1024, chunkBytes = Infinity }: MemoryPairOptions) {
    super({ highWaterMark: highWaterMarkBytes, allowHalfOpen: true });
    this.#chunkBytes = chunkBytes;
  }

  join(peer: MemoryEnd): void {
    this.#peer = peer;
  }

  override _write(chunk: Buffer, _encoding: string, written: Written): void {
    setImmediate(() => this.#transfer([chunk], written));
  }

  override _writev(items: { chunk: Buffer }[], written: Written): void {
    setImmediate(() =>
      this.#transfer(
        items.map(({ chunk }) => chunk),
        written,
      ),
    );
  }

  override _final(done: () => void): void {
    this.#endPeer();
    done();
  }

  override _read(): void {
    const resume = this.#peerWaits;
    this.#peerWaits = undefined;
    resume?.();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this._read();
    this.#endPeer();
    done(error);
  }

  #transfer(chunks: readonly Buffer[], written: Written): void {
    const peer = this.#peer;
    if (this.destroyed) {
      written();
      return;
    }
    if (peer === undefined || peer.destroyed) {
      written(Object.assign(new Error('other end of the memory pair is closed'), { code: 'EPIPE' }));
      return;
    }
    let room = true;
    for (const chunk of chunks) {
      for (let at = 0; at < chunk.length; at += this.#chunkBytes) {
        room = peer.push(chunk.subarray(at, Math.min(at + this.#chunkBytes, chunk.length)));
      }
    }
    if (room) written();
    else peer.#peerWaits = written;
  }

  #endPeer(): void {
    const peer = this.#peer;
    if (peer === undefined || peer.#ended || peer.destroyed) return;
    peer.#ended = true;
    peer.push(null);
  }
}
