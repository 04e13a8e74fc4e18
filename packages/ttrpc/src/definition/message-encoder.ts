// SPDX-License-Identifier: Apache-2.0
import { BinaryWriter } from '@bufbuild/protobuf/wire';
import type { MessageType } from './service-definition.ts';

/** A writer whose buffer has grown beyond what messages of this length need is not kept. */
const keptMessageBytes = 1024 * 1024;

/**
 * Encodes messages with one writer, used again and again: making a writer for each message costs more than the
 * encoding itself.
 */
export class MessageEncoder {
  readonly #reusable = new WeakMap<object, boolean>();
  #writer = new BinaryWriter();

  /** Completes and encodes a message; whatever the generated code throws comes through. */
  encode(type: MessageType<unknown>, message: unknown): Uint8Array {
    // eslint-disable-next-line @typescript-eslint/no-explicit-any -- the type of the client or the implementation has checked the message
    const complete = type.fromPartial(message as any);
    if (!this.#isReusable(type)) return type.encode(complete).finish();
    const writer = this.#writer;
    try {
      const bytes = type.encode(complete, writer).finish();
      if (bytes.length > keptMessageBytes) this.#writer = new BinaryWriter();
      return bytes;
    } catch (error) {
      // A message that failed half-way has left its beginning in the writer.
      this.#writer = new BinaryWriter();
      throw error;
    }
  }

  /** Whether the generated code writes with the same library as this package, and so takes its writer. */
  #isReusable(type: MessageType<unknown>): boolean {
    let reusable = this.#reusable.get(type);
    if (reusable === undefined) {
      const writer = new BinaryWriter();
      reusable = Object.is(type.encode(type.fromPartial({}), writer), writer);
      this.#reusable.set(type, reusable);
    }
    return reusable;
  }
}
