// SPDX-License-Identifier: Apache-2.0
import type { Libc } from './ffi/libc.ts';

/** A `struct cmsghdr`: its length, header included (8 bytes), its level and its type. The data follow. */
export const controlHeaderBytes = 16;
/** What a control message with descriptors has for level and type: `SOL_SOCKET` and `SCM_RIGHTS`. */
export const descriptorRights = { level: 1, type: 1 } as const;

// On 64-bit Linux: struct msghdr, struct iovec, the control messages, the data.
const headerFields = { vector: 16, vectorLength: 24, control: 32, controlLength: 40 } as const;
const headerBytes = 56;
const vectorBytes = 16;
const controlOffset = headerBytes + vectorBytes;

/** One block of memory that sendmsg(2) and recvmsg(2) take. */
export class SocketMessage {
  /** Begins with the `struct msghdr`. */
  readonly memory: Uint8Array;
  /** The room for control messages. */
  readonly control: DataView;
  /** The room for data. */
  readonly data: Uint8Array;
  readonly #header: DataView;

  /** @param libc - tells where the memory is, which must be referenced while the kernel uses it */
  constructor(libc: Libc, controlBytes: number, dataBytes: number) {
    // Control messages end on a multiple of 8.
    const dataOffset = controlOffset + Math.ceil(controlBytes / 8) * 8;
    this.memory = new Uint8Array(dataOffset + dataBytes);
    const { buffer } = this.memory;
    this.control = new DataView(buffer, controlOffset, controlBytes);
    this.data = this.memory.subarray(dataOffset);
    this.#header = new DataView(buffer, 0, controlOffset);
    const base = libc.addressOf(this.memory);
    const write = (offset: number, value: bigint): void => this.#header.setBigUint64(offset, value, true);
    write(headerFields.vector, base + BigInt(headerBytes));
    write(headerFields.vectorLength, 1n);
    write(headerFields.control, base + BigInt(controlOffset));
    write(headerFields.controlLength, BigInt(controlBytes));
    write(headerBytes, base + BigInt(dataOffset));
    write(headerBytes + 8, BigInt(dataBytes));
  }

  /** Bytes of the control messages that came. */
  get controlLength(): number {
    return Number(this.#header.getBigUint64(headerFields.controlLength, true));
  }
}
