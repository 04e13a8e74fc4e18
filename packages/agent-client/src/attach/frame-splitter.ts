// SPDX-License-Identifier: Apache-2.0

/** Bytes before each frame: the number of an output and how many bytes of it follow, both little-endian. */
const headerBytes = 8;

/** Takes the stream of a port apart into pieces of frames, wherever it has been cut. Nothing is copied but headers. */
export class FrameSplitter {
  readonly #onPiece: (output: number, piece: Uint8Array) => void;
  readonly #header = Buffer.alloc(headerBytes);
  #headerLength = 0;
  #output = 0;
  #left = 0;

  /** @param onPiece - gets parts of frames in order, none of them empty */
  constructor(onPiece: (output: number, piece: Uint8Array) => void) {
    this.#onPiece = onPiece;
  }

  /** Takes the next bytes. Throws what `onPiece` throws, and is of no use then. */
  push(bytes: Uint8Array): void {
    let rest = bytes;
    while (rest.length > 0) {
      if (this.#left === 0) {
        rest = this.#takeHeader(rest);
        continue;
      }
      const piece = rest.subarray(0, this.#left);
      this.#left -= piece.length;
      this.#onPiece(this.#output, piece);
      rest = rest.subarray(piece.length);
    }
  }

  #takeHeader(bytes: Uint8Array): Uint8Array {
    const part = bytes.subarray(0, headerBytes - this.#headerLength);
    this.#header.set(part, this.#headerLength);
    this.#headerLength += part.length;
    if (this.#headerLength === headerBytes) {
      this.#headerLength = 0;
      this.#output = this.#header.readUInt32LE(0);
      this.#left = this.#header.readUInt32LE(4);
    }
    return bytes.subarray(part.length);
  }
}
