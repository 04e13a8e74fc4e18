// SPDX-License-Identifier: Apache-2.0
import { statusName } from '../peer/status-code.ts';
import type { Case } from './case.ts';

const codes = Array.from({ length: 16 }, (_, index) => index + 1);

const details = [
  { typeUrl: 'type.googleapis.com/hako.interop.v1.Label', value: 'CgVsYWJlbA==' },
  { typeUrl: 'example.invalid/unknown', value: '//8A' },
];

/** Calls that fail, and what is known about why. */
export const failureCases: readonly Case[] = [
  {
    name: 'every status code arrives as the handler chose it',
    run: async (session) => {
      const ends: string[] = [];
      for (const code of codes) ends.push((await session.call({ method: 'Fail', send: [{ code }] })).end);
      return ends;
    },
    expected: codes.map(statusName),
  },
  {
    name: 'the text and the details of a status arrive unchanged',
    run: async (session) => {
      const failure = { code: 9, message: 'nö: line one\nline two', details };
      const { end, message, details: arrived } = await session.call({ method: 'Fail', send: [failure] });
      return { end, message, details: arrived };
    },
    expected: { end: 'FAILED_PRECONDITION', message: 'nö: line one\nline two', details },
  },
  {
    name: 'an unknown method of a known service is UNIMPLEMENTED',
    run: async (session) => (await session.call({ method: 'NoSuchMethod', send: [{}] })).end,
    expected: 'UNIMPLEMENTED',
  },
  {
    name: 'a method of an unknown service is UNIMPLEMENTED',
    run: async (session) =>
      (await session.call({ service: 'no.such.Service', method: 'Echo', send: [{}] })).end,
    expected: 'UNIMPLEMENTED',
  },
  {
    name: 'failed calls leave the connection usable',
    run: async (session) => {
      await session.call({ method: 'Fail', send: [{ code: 13 }] });
      await session.call({ method: 'NoSuchMethod', send: [{}] });
      await session.call({ service: 'no.such.Service', method: 'Echo', send: [{}] });
      return session.probe();
    },
    expected: 'OK',
  },
  {
    name: 'a server stream may fail after its messages',
    run: async (session) => {
      const failure = { code: 10, message: 'enough', details };
      const { replies, ...end } = await session.call({ method: 'Count', send: [{ upto: 2, failure }] });
      return { values: replies.map(({ value }) => value), ...end };
    },
    expected: { values: [1, 2], end: 'ABORTED', message: 'enough', details },
  },
  {
    name: 'a server stream may fail before its first message',
    run: async (session) => {
      const { replies, end } = await session.call({ method: 'Count', send: [{ failure: { code: 7 } }] });
      return { replies, end };
    },
    expected: { replies: [], end: 'PERMISSION_DENIED' },
  },
];
