// SPDX-License-Identifier: Apache-2.0

const slots = 1024;
const slotMask = slots - 1;

/**
 * What is known about each open stream, by stream id.
 *
 * A `Map` with this many insertions and deletions replaces its inner table again and again, and each replaced table,
 * once it is old, keeps the calls it held alive until the next full collection. So streams live in a ring of slots, by
 * the order of their ids, and only those that are still open when the ring has come round move to a map.
 */
export class StreamTable<Stream> {
  readonly #ids = new Uint32Array(slots);
  readonly #ring: (Stream | undefined)[] = new Array<Stream | undefined>(slots).fill(undefined);
  readonly #longLived = new Map<number, Stream>();
  #inRing = 0;

  /** Streams that are open. */
  get size(): number {
    return this.#inRing + this.#longLived.size;
  }

  /** Adds a stream whose id is not in the table. */
  set(streamId: number, stream: Stream): void {
    const slot = (streamId >>> 1) & slotMask;
    const former = this.#ring[slot];
    if (former === undefined) this.#inRing++;
    else this.#longLived.set(this.#ids[slot] ?? 0, former);
    this.#ring[slot] = stream;
    this.#ids[slot] = streamId;
  }

  /** The stream with this id, if it is open. */
  get(streamId: number): Stream | undefined {
    const slot = (streamId >>> 1) & slotMask;
    if (this.#ids[slot] === streamId && this.#ring[slot] !== undefined) return this.#ring[slot];
    return this.#longLived.size === 0 ? undefined : this.#longLived.get(streamId);
  }

  /** Removes a stream; returns whether it was there. */
  delete(streamId: number): boolean {
    const slot = (streamId >>> 1) & slotMask;
    if (this.#ids[slot] === streamId && this.#ring[slot] !== undefined) {
      this.#ring[slot] = undefined;
      this.#inRing--;
      return true;
    }
    return this.#longLived.delete(streamId);
  }

  /** Removes all streams and returns them. */
  takeAll(): Stream[] {
    const streams = [...this.#longLived.values()];
    for (const stream of this.#ring) if (stream !== undefined) streams.push(stream);
    this.#longLived.clear();
    this.#ring.fill(undefined);
    this.#inRing = 0;
    return streams;
  }
}
