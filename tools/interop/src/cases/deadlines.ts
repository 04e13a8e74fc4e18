// SPDX-License-Identifier: Apache-2.0
import type { Case } from './case.ts';
import type { SessionCall } from './session.ts';

/** Short enough to wait for, long enough for the handler to be running when it passes. */
const shortMs = 300;

/** Longer than any call of the suite takes. */
const longMs = 60_000;

/** How long a call may outlive its deadline before the case gives it up. Only implementations that let it are waited for. */
const patienceMs = 3000;

async function endWithPatience(call: SessionCall): Promise<string> {
  const giveUp = setTimeout(() => call.cancel(), patienceMs);
  const { end } = await call.ending;
  clearTimeout(giveUp);
  return end;
}

/** Deadlines, on both sides. */
export const deadlineCases: readonly Case[] = [
  {
    name: 'a handler sees a deadline when there is one',
    run: async (session) => {
      const without = await session.call({ method: 'Echo', send: [{}] });
      const within = await session.call({ method: 'Echo', send: [{}], timeoutMs: longMs });
      return [without, within].map(({ end, replies }) => ({
        end,
        hasDeadline: replies[0]?.['hasDeadline'] === true,
      }));
    },
    expected: [
      { end: 'OK', hasDeadline: false },
      { end: 'OK', hasDeadline: true },
    ],
  },
  {
    name: 'a call that outlives its deadline is DEADLINE_EXCEEDED',
    run: async (session) => {
      const { end } = await session.call({
        method: 'Hold',
        send: [{ label: session.label }],
        timeoutMs: shortMs,
      });
      return { end, afterwards: await session.probe() };
    },
    expected: { end: 'DEADLINE_EXCEEDED', afterwards: 'OK' },
  },
  {
    name: 'the server stops a handler at the deadline of its call',
    run: async (session) => {
      await session.call({ method: 'Hold', send: [{ label: session.label }], timeoutMs: shortMs });
      return session.handlerAbandoned();
    },
    expected: true,
  },
  {
    name: 'a stream that outlives its deadline is DEADLINE_EXCEEDED',
    run: (session) =>
      endWithPatience(session.start({ method: 'Reverse', send: [{}], keepOpen: true, timeoutMs: shortMs })),
    expected: 'DEADLINE_EXCEEDED',
  },
];
