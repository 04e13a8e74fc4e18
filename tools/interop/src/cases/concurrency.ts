// SPDX-License-Identifier: Apache-2.0
import type { Case } from './case.ts';

/** Many calls at once on one connection. */
export const concurrencyCases: readonly Case[] = [
  {
    name: 'a thousand calls at once each get their own answer',
    run: async (session) => {
      const texts = Array.from({ length: 1000 }, (_, call) => `call ${call}`);
      const endings = await Promise.all(
        texts.map((text) => session.call({ method: 'Echo', send: [{ text }] })),
      );
      const strays = endings.filter(
        ({ end, replies }, call) => end === 'OK' && replies[0]?.['text'] !== texts[call],
      );
      return { ends: [...new Set(endings.map(({ end }) => end))].sort(), strays: strays.length };
    },
    expected: { ends: ['OK'], strays: 0 },
  },
  {
    name: 'a call that waits does not hold up a hundred others',
    run: async (session) => {
      const held = await session.hold();
      const ends = new Set<string>();
      for (let call = 0; call < 100; call++) ends.add(await session.probe());
      session.release();
      return { meanwhile: [...ends], end: (await held.ending).end };
    },
    expected: { meanwhile: ['OK'], end: 'OK' },
  },
];
