// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { SandboxError } from '../sandbox-error.ts';
import { FakeGuestAgent } from '../testing/fake-guest-agent.ts';
import { temporaryDirectory } from '../testing/temporary-directory.ts';
import { joinRoom } from './joined-room.ts';
import type { MachineRoom } from './machine-room.ts';
import { ownerSocketName, serveRoom } from './room-service.ts';

/** A room that writes down what it is asked, and the same room as another process has it. */
async function served(refusal?: SandboxError) {
  await using cleanup = new AsyncDisposableStack();
  const directory = cleanup.use(await temporaryDirectory());
  const agent = new FakeGuestAgent();
  const asked: unknown[] = [];
  const note = (...words: readonly unknown[]): Promise<void> => {
    asked.push(words);
    return refusal === undefined || words[0] === 'release' ? Promise.resolve() : Promise.reject(refusal);
  };
  const room: MachineRoom = {
    admit: (id, resources) => note('admit', id, resources),
    provide: () => note('provide'),
    keepVolumes: (id, volumes) => note('keepVolumes', id, volumes),
    release: (id) => void note('release', id),
    update: (id, resources) => note('update', id, resources),
  };
  cleanup.use(await serveRoom(room, agent, join(directory.path, ownerSocketName)));
  const joined = cleanup.use(joinRoom(directory.path));
  const owned = cleanup.move();
  return { agent, asked, joined, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

const resources = { memory: { limit: 4096 }, cpu: { quota: 5000, period: 10_000 } };

test('another process asks the owner for room, and gives it back', async () => {
  await using world = await served();
  const { joined, agent, asked } = world;
  await joined.admit('one', resources, undefined);
  await joined.provide(agent, undefined);
  const volumes = [{ mountPoint: '/one' }, { mountPoint: '/two', groupId: 7 }];
  await joined.keepVolumes('one', volumes, agent, undefined);
  await joined.update('one', { pids: { limit: 3 } }, agent, undefined);
  joined.release('one');
  await joined[Symbol.asyncDispose]();
  expect(asked).toMatchObject([
    ['admit', 'one', resources],
    ['provide'],
    ['keepVolumes', 'one', volumes],
    ['update', 'one', { pids: { limit: 3 } }],
    ['release', 'one'],
  ]);
  expect(agent.calls).toEqual([]);
});

test.for([
  { code: 'invalid_options', arrives: 'invalid_options' },
  { code: 'vm_exited', arrives: 'vm_exited' },
  { code: 'timeout', arrives: 'timeout' },
  { code: 'tool_failed', arrives: 'tool_failed' },
  { code: 'agent_failed', arrives: 'tool_failed' },
] as const)(
  "the owner's $code is $arrives for the other process, in the same words",
  async ({ code, arrives }) => {
    await using world = await served(new SandboxError(code, 'there is no room'));
    await expect(world.joined.admit('one', resources, undefined)).rejects.toMatchObject({
      code: arrives,
      message: 'there is no room',
    });
  },
);

test('a room whose owner is gone is no room', async () => {
  await using directory = await temporaryDirectory();
  await using joined = joinRoom(directory.path);
  await expect(joined.admit('one', resources, undefined)).rejects.toMatchObject({ name: 'SandboxError' });
  joined.release('one');
});
