// SPDX-License-Identifier: Apache-2.0
import { malformed, wireType } from './wire-format.ts';

const textDecoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Walks over the fields of one protobuf message within a range of bytes. Every length is checked against the range;
 * all failures are `malformed_message`.
 */
export class WireReader {
  readonly source: Uint8Array;
  readonly end: number;
  offset: number;

  constructor(source: Uint8Array, start: number, end: number) {
    this.source = source;
    this.offset = start;
    this.end = end;
  }

  /** Whether fields are left. */
  get more(): boolean {
    return this.offset < this.end;
  }

  /** The next tag: field number times eight plus wire type. */
  tag(): number {
    const tag = this.uint32();
    if (tag >>> 3 === 0) throw malformed('field number is zero');
    return tag;
  }

  /** A varint's low 32 bits, unsigned; longer values are read and cut, as protobuf demands of int32 and enums. */
  uint32(): number {
    let value = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      const byte = this.#byte();
      if (shift < 32) value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value >>> 0;
    }
    throw malformed('varint is longer than ten bytes');
  }

  /** A varint as signed 64-bit integer. */
  int64(): bigint {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.#byte();
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt.asIntN(64, value);
    }
    throw malformed('varint is longer than ten bytes');
  }

  /** Reads a length and moves behind the bytes it announces; returns where they begin (they end at `offset`). */
  span(): number {
    const length = this.uint32();
    const start = this.offset;
    if (length > this.end - start) throw malformed(`field of ${length} bytes exceeds its message`);
    this.offset = start + length;
    return start;
  }

  /** A view of a bytes field. */
  bytes(): Uint8Array {
    const start = this.span();
    return viewOf(this.source, start, this.offset);
  }

  /** A string field; it must be valid UTF-8. */
  string(): string {
    return decodeText(this.source, this.span(), this.offset);
  }

  /** Moves over a field that is not known. Groups are refused: proto3 has none. */
  skip(tag: number): void {
    switch (tag & 7) {
      case wireType.varint:
        this.uint32();
        return;
      case wireType.fixed64:
        this.#advance(8);
        return;
      case wireType.lengthDelimited:
        this.span();
        return;
      case wireType.fixed32:
        this.#advance(4);
        return;
      default:
        throw malformed(`field ${tag >>> 3} has wire type ${tag & 7}`);
    }
  }

  #byte(): number {
    if (this.offset >= this.end) throw malformed('message ends inside a field');
    return this.source[this.offset++] ?? 0;
  }

  #advance(bytes: number): void {
    if (bytes > this.end - this.offset) throw malformed('message ends inside a field');
    this.offset += bytes;
  }
}

/** A plain `Uint8Array` over a range (also of a `Buffer`, whose own views would be Buffers). */
export function viewOf(source: Uint8Array, start: number, end: number): Uint8Array {
  return new Uint8Array(source.buffer, source.byteOffset + start, end - start);
}

/** The UTF-8 text in a range; `malformed_message` when it is none. */
export function decodeText(source: Uint8Array, start: number, end: number): string {
  try {
    return textDecoder.decode(viewOf(source, start, end));
  } catch (error) {
    throw malformed('string field is not UTF-8', error);
  }
}
