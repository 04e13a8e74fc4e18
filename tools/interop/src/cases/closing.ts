// SPDX-License-Identifier: Apache-2.0
import type { Case } from './case.ts';

/** Calls given up, connections closed and servers gone in the middle. */
export const closingCases: readonly Case[] = [
  {
    name: 'a call that is given up leaves the connection usable, its late reply included',
    run: async (session) => {
      const held = await session.hold();
      held.cancel();
      const { end } = await held.ending;
      session.release();
      await session.handlerAbandoned();
      return { end, afterwards: await session.probe() };
    },
    expected: { end: 'abandoned', afterwards: 'OK' },
  },
  {
    name: 'a handler is told that its caller has given up',
    run: async (session) => {
      const held = await session.hold();
      held.cancel();
      await held.ending;
      // Answered after whatever the client had to say about the cancelled call.
      await session.probe();
      session.release();
      return session.handlerAbandoned();
    },
    expected: true,
  },
  {
    name: 'a stream that is given up leaves the connection usable while the server still sends',
    run: async (session) => {
      const { replies, end } = await session.call({
        method: 'Endless',
        send: [{ label: session.label }],
        take: 3,
      });
      const afterwards = new Set<string>();
      for (let call = 0; call < 5; call++) afterwards.add(await session.probe());
      return { count: replies.length, end, afterwards: [...afterwards] };
    },
    expected: { count: 3, end: 'abandoned', afterwards: ['OK'] },
  },
  {
    name: 'closing a connection fails its calls, stops their handlers and touches no other connection',
    run: async (session) => {
      const held = await session.hold();
      await session.close();
      const { end } = await held.ending;
      return {
        end,
        handlerAbandoned: await session.handlerAbandoned(),
        elsewhere: await session.probe('side'),
      };
    },
    expected: { end: 'closed', handlerAbandoned: true, elsewhere: 'OK' },
  },
  {
    name: 'closing a connection stops the streams on it',
    run: async (session) => {
      await session.call({ method: 'Endless', send: [{ label: session.label }], take: 3 });
      await session.close();
      return session.handlerAbandoned();
    },
    expected: true,
  },
  {
    name: 'a server that dies closes every call in flight',
    ownServer: true,
    run: async (session) => {
      const held = await session.hold();
      const stream = session.start({ method: 'Reverse', send: [{}], keepOpen: true });
      const crash = await session.call({ method: 'Crash', send: [{}] }, 'side');
      return [crash.end, (await held.ending).end, (await stream.ending).end];
    },
    expected: ['closed', 'closed', 'closed'],
  },
  {
    name: 'a server that shuts down gracefully finishes the call in flight',
    ownServer: true,
    run: async (session) => {
      const held = await session.hold();
      const stopped = session.server.shutdown();
      session.release();
      const { end } = await held.ending;
      await stopped;
      return end;
    },
    expected: 'OK',
  },
];
