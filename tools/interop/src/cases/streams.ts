// SPDX-License-Identifier: Apache-2.0
import type { Case } from './case.ts';
import type { Session } from './session.ts';
import type { CallSpec } from '../driver-protocol.ts';

function numbers(upto: number): { value: number }[] {
  return Array.from({ length: upto }, (_, index) => ({ value: index + 1 }));
}

function payloads(...texts: readonly string[]): { data?: string }[] {
  return texts.map((text) => (text === '' ? {} : { data: Buffer.from(text).toString('base64') }));
}

async function repliesOf(session: Session, call: CallSpec): Promise<unknown> {
  const { replies, end } = await session.call(call);
  return { replies, end };
}

/** The three streaming shapes and the half close. */
export const streamCases: readonly Case[] = [
  {
    name: 'a client stream adds up to one reply',
    run: (session) => repliesOf(session, { method: 'Sum', send: numbers(3) }),
    expected: { replies: [{ value: 6 }], end: 'OK' },
  },
  {
    name: 'a client stream without a message still gets its reply',
    run: (session) => repliesOf(session, { method: 'Sum', send: [] }),
    expected: { replies: [{}], end: 'OK' },
  },
  {
    name: 'a client stream of a thousand messages arrives whole',
    run: (session) => repliesOf(session, { method: 'Sum', send: numbers(1000) }),
    expected: { replies: [{ value: 500_500 }], end: 'OK' },
  },
  {
    name: 'a server may answer a client stream that is still open',
    run: (session) => repliesOf(session, { method: 'First', send: [{ value: 7 }], keepOpen: true }),
    expected: { replies: [{ value: 7 }], end: 'OK' },
  },
  {
    name: 'a server stream arrives in order and ends',
    run: (session) => repliesOf(session, { method: 'Count', send: [{ upto: 5 }] }),
    expected: { replies: numbers(5), end: 'OK' },
  },
  {
    name: 'a server stream may be empty',
    run: (session) => repliesOf(session, { method: 'Count', send: [{}] }),
    expected: { replies: [], end: 'OK' },
  },
  {
    name: 'a server stream of a thousand messages arrives whole and in order',
    run: (session) => repliesOf(session, { method: 'Count', send: [{ upto: 1000 }] }),
    expected: { replies: numbers(1000), end: 'OK' },
  },
  {
    name: 'a bidirectional stream alternates',
    run: (session) =>
      repliesOf(session, { method: 'EchoStream', send: payloads('one', 'two', 'three'), lockstep: true }),
    expected: { replies: payloads('one', 'two', 'three'), end: 'OK' },
  },
  {
    name: 'a bidirectional stream of 500 messages flows both ways at once, in order',
    run: async (session) => {
      const send = numbers(500).flatMap(({ value }) => payloads(String(value)));
      const { replies, end } = await session.call({ method: 'EchoStream', send });
      return {
        count: replies.length,
        inOrder: send.every(({ data }, at) => replies[at]?.['data'] === data),
        end,
      };
    },
    expected: { count: 500, inOrder: true, end: 'OK' },
  },
  {
    name: 'a bidirectional stream may carry nothing at all',
    run: (session) => repliesOf(session, { method: 'EchoStream', send: [] }),
    expected: { replies: [], end: 'OK' },
  },
  {
    name: 'empty messages keep their place in a stream',
    run: (session) => repliesOf(session, { method: 'EchoStream', send: payloads('', 'between', '') }),
    expected: { replies: payloads('', 'between', ''), end: 'OK' },
  },
  {
    name: 'after its half close a client still receives',
    run: (session) => repliesOf(session, { method: 'Reverse', send: payloads('a', 'b', 'c') }),
    expected: { replies: payloads('c', 'b', 'a'), end: 'OK' },
  },
  {
    name: 'streams and calls share a connection',
    run: async (session) => {
      const endings = await Promise.all([
        session.call({ method: 'Sum', send: numbers(100) }),
        session.call({ method: 'EchoStream', send: payloads('x', 'y'), lockstep: true }),
        session.call({ method: 'Count', send: [{ upto: 100 }] }),
        session.call({ method: 'Echo', send: [{ text: 'unary' }] }),
      ]);
      return endings.map(({ replies, end }) => ({ count: replies.length, end }));
    },
    expected: [
      { count: 1, end: 'OK' },
      { count: 2, end: 'OK' },
      { count: 100, end: 'OK' },
      { count: 1, end: 'OK' },
    ],
  },
];
