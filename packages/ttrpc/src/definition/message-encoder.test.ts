// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest';
import { EchoMessage } from '../testing/echo-definition.ts';
import { MessageEncoder } from './message-encoder.ts';
import type { MessageType } from './service-definition.ts';

const echo: MessageType<unknown> = EchoMessage;

describe('a message encoder', () => {
  test.each([0, 1, 16_000, 16_384, 1_000_000, 10])(
    'encodes %d bytes as the generated code alone does',
    (length) => {
      const encoder = new MessageEncoder();
      for (const fill of [1, 2]) {
        const message = { text: 'x', body: new Uint8Array(length).fill(fill), count: fill };
        expect(Buffer.compare(encoder.encode(echo, message), EchoMessage.encode(message).finish())).toBe(0);
      }
    },
  );

  test('does not touch a long message when it encodes the next one', () => {
    const encoder = new MessageEncoder();
    const first = encoder.encode(echo, { body: new Uint8Array(20_000).fill(1) });
    const before = first.slice();
    encoder.encode(echo, { body: new Uint8Array(20_000).fill(2) });
    encoder.encode(echo, { text: 'short' });
    expect(Buffer.compare(first, before)).toBe(0);
  });

  test('forgets a message that failed half-way', () => {
    const encoder = new MessageEncoder();
    expect(() => encoder.encode(echo, { text: 'left behind', count: -1 })).toThrow();
    expect([...encoder.encode(echo, { text: 'y' })]).toEqual([0x0a, 1, 0x79]);
  });

  test('leaves generated code alone that writes with another library', () => {
    const foreign: MessageType<unknown> = {
      encode: () => ({ finish: () => Uint8Array.of(1, 2, 3) }),
      decode: () => ({}),
      fromPartial: (object) => object,
    };
    expect([...new MessageEncoder().encode(foreign, {})]).toEqual([1, 2, 3]);
  });
});
