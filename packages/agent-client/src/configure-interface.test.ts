// SPDX-License-Identifier: Apache-2.0
import { Interface } from '@hako/protocols/types';
import { expect, test } from 'vitest';
import { AgentClientError } from './agent-client-error.ts';
import { configureInterface } from './configure-interface.ts';

const absent = () =>
  new AgentClientError('rpc_failed', 'no', { guestText: 'Link not found (Address: 02:00)' });

function scripted(failures: readonly Error[]) {
  const left = [...failures];
  const delays: number[] = [];
  return {
    delays,
    agent: {
      updateInterface: async () => {
        const failure = left.shift();
        if (failure) throw failure;
        return Interface.create({ name: 'eth0' });
      },
    },
    components: {
      random: () => 0.5,
      clock: {
        sleep: async (ms: number, signal: AbortSignal) => {
          signal.throwIfAborted();
          delays.push(ms);
        },
      },
    },
  };
}

test('an interface that shows up late is waited for, ever longer up to a second', async () => {
  const { agent, delays, components } = scripted(Array.from({ length: 8 }, absent));
  const result = await configureInterface(agent, { hwAddr: '02:00' }, {}, components);
  expect(result.name).toBe('eth0');
  expect(delays).toEqual([70, 90, 130, 210, 370, 690, 1050, 1050]);
});

test('an interface that never shows up is given up after 20 attempts', async () => {
  const { agent, delays, components } = scripted(Array.from({ length: 21 }, absent));
  await expect(configureInterface(agent, {}, {}, components)).rejects.toMatchObject({ code: 'rpc_failed' });
  expect(delays).toHaveLength(19);
});

test('any other failure is passed on at once', async () => {
  const { agent, delays, components } = scripted([new AgentClientError('timed_out', 'late')]);
  await expect(configureInterface(agent, {}, {}, components)).rejects.toMatchObject({ code: 'timed_out' });
  expect(delays).toEqual([]);
});

test('an abort ends the waiting', async () => {
  const { agent, components } = scripted([absent()]);
  await expect(
    configureInterface(agent, {}, { signal: AbortSignal.abort('why') }, components),
  ).rejects.toMatchObject({
    code: 'aborted',
    cause: 'why',
  });
});
