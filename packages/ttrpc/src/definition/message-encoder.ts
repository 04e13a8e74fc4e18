// SPDX-License-Identifier: Apache-2.0
import { BinaryWriter } from '@bufbuild/protobuf/wire';
import { referenceBytes } from '../connection/frame-writer.ts';
import type { MessageType } from './service-definition.ts';

/** The two fields of a `BinaryWriter` that say what it has written. */
interface WriterState {
  readonly buffer: Uint8Array;
  pos: number;
}

/**
 * Encodes messages with one writer, used again and again: making a writer for each message costs more than the
 * encoding itself.
 */
export class MessageEncoder {
  readonly #reusable = new WeakMap<object, boolean>();
  #writer = new BinaryWriter();
  #state = stateOf(this.#writer);

  /**
   * Completes and encodes a message; whatever the generated code throws comes through.
   * @returns the bytes; when there are fewer than {@link referenceBytes}, they are valid until the next call only.
   */
  encode(type: MessageType<unknown>, message: unknown): Uint8Array {
    // eslint-disable-next-line @typescript-eslint/no-explicit-any, @typescript-eslint/no-unsafe-argument, @typescript-eslint/consistent-type-assertions -- the type of the client or the implementation has checked the message
    const complete = type.fromPartial(message as any);
    if (!this.#isReusable(type)) return type.encode(complete).finish();
    const writer = this.#writer;
    try {
      type.encode(complete, writer);
    } catch (error) {
      // A message that failed half-way has left its beginning in the writer.
      this.#renew();
      throw error;
    }
    const state = this.#state;
    if (state === undefined) return writer.finish();
    const bytes = state.buffer.subarray(0, state.pos);
    // A long message goes to the stream in this very buffer, so the next one gets another.
    if (bytes.length < referenceBytes) state.pos = 0;
    else this.#renew();
    return bytes;
  }

  #renew(): void {
    this.#writer = new BinaryWriter();
    this.#state = stateOf(this.#writer);
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

/**
 * Looks into a writer, to spare the copy that `finish` makes of every message: for small ones it costs five times as
 * much as encoding them. The fields are private to the library, so their meaning is tried out on each writer first;
 * where it is another one, `undefined` is returned and `finish` used.
 */
function stateOf(writer: BinaryWriter): WriterState | undefined {
  writer.uint32(1).uint32(2);
  // eslint-disable-next-line @typescript-eslint/consistent-type-assertions -- checked in the next lines
  const state = writer as unknown as Partial<WriterState>;
  const known =
    state.pos === 2 && state.buffer instanceof Uint8Array && state.buffer[0] === 1 && state.buffer[1] === 2;
  writer.finish();
  if (!known || state.pos !== 0) return undefined;
  // eslint-disable-next-line @typescript-eslint/consistent-type-assertions -- checked above
  return state as WriterState;
}
