// SPDX-License-Identifier: Apache-2.0
import type { Case } from './case.ts';
import type { Session } from './session.ts';

const everyByte = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte)).toString('base64');

async function metadataSeen(session: Session, metadata: Record<string, readonly string[]>): Promise<unknown> {
  const { end, replies } = await session.call({ method: 'Echo', send: [{}], metadata });
  return replies[0]?.['metadata'] ?? end;
}

/** One request, one reply. */
export const unaryCases: readonly Case[] = [
  {
    name: 'bytes and text come back as they were sent',
    run: async (session) => {
      const { end, replies } = await session.call({
        method: 'Echo',
        send: [{ data: everyByte, text: 'grüße, 世界 🚀' }],
      });
      return { end, replies };
    },
    expected: { end: 'OK', replies: [{ data: everyByte, text: 'grüße, 世界 🚀' }] },
  },
  {
    name: 'a message without a byte is a message, both ways',
    run: async (session) => {
      const { end, replies } = await session.call({ method: 'Nothing', send: [{}] });
      return { end, replies };
    },
    expected: { end: 'OK', replies: [{}] },
  },
  {
    name: 'metadata arrives under its keys',
    run: (session) => metadataSeen(session, { traceparent: ['00-1-2-03'], 'agent-ctl-cfg': ['auto-values'] }),
    expected: [
      { key: 'agent-ctl-cfg', values: ['auto-values'] },
      { key: 'traceparent', values: ['00-1-2-03'] },
    ],
  },
  {
    name: 'the values of a metadata key that is repeated arrive one by one, in order',
    run: (session) => metadataSeen(session, { several: ['one', 'two', 'one'] }),
    expected: [{ key: 'several', values: ['one', 'two', 'one'] }],
  },
  {
    name: 'a metadata value may be any text, also none',
    run: (session) => metadataSeen(session, { accents: ['ünï'], empty: [''] }),
    expected: [
      { key: 'accents', values: ['ünï'] },
      { key: 'empty', values: [''] },
    ],
  },
  {
    name: 'many calls in a row on one connection all succeed',
    run: async (session) => {
      const ends = new Set<string>();
      for (let call = 0; call < 50; call++) ends.add(await session.probe());
      return [...ends];
    },
    expected: ['OK'],
  },
];
