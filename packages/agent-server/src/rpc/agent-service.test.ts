// SPDX-License-Identifier: Apache-2.0
import { AgentServiceDefinition } from '@hako/protocols/agent';
import { createChannel, createClient, createSocketPair } from '@hako/ttrpc';
import { ServerError, Status } from 'nice-grpc-common';
import { expect, test } from 'vitest';
import { startFakeAgent } from '../testing/agent-harness.ts';
import { refusal } from '../testing/refusal.ts';
import { agentHandlers } from './agent-service.ts';

/** What this release leaves out. A method is in the table of handlers or here, never in both, never in none. */
const unimplemented: readonly string[] = [];

const methods = Object.entries(AgentServiceDefinition.methods).map(([key, { name }]) => ({ key, name }));

async function connect() {
  const harness = await startFakeAgent();
  const [near, far] = await createSocketPair();
  harness.server.serve(far);
  return { harness, channel: createChannel(near) };
}

test('every method of the descriptor is implemented or named as left out', () => {
  const implemented = methods.filter(({ key }) => key in agentHandlers).map(({ name }) => name);
  expect(Object.keys(agentHandlers)).toHaveLength(implemented.length);
  expect([...implemented, ...unimplemented].toSorted()).toEqual(methods.map(({ name }) => name).toSorted());
});

test.each(methods)('$name answers UNIMPLEMENTED only if it is left out', async ({ key, name }) => {
  const { harness, channel } = await connect();
  await using _harness = harness;
  await using _channel = channel;
  const call: unknown = Reflect.get(createClient(AgentServiceDefinition, channel), key);
  // It waits for an event until the sandbox ends.
  const ended = name === 'GetOOMEvent' ? harness.client.destroySandbox({}) : undefined;
  const answer = await (call as (request: object) => Promise<unknown>)({}).then(
    () => Status.OK,
    (error: unknown) => (error as { code: Status }).code,
  );
  await ended;
  if (unimplemented.includes(name)) expect(answer).toBe(Status.UNIMPLEMENTED);
  else expect(answer).not.toBe(Status.UNIMPLEMENTED);
});

test.each(methods)('$name passes the gate', async ({ key }) => {
  const asked: string[] = [];
  await using harness = await startFakeAgent({
    gate: ({ method }) => {
      asked.push(method);
      return Promise.reject(new ServerError(Status.PERMISSION_DENIED, 'not today'));
    },
  });
  const call: unknown = Reflect.get(harness.client, key);
  // Reads come first and are then answered with nothing; here there is no process to read from.
  const expected =
    key === 'readStdout' || key === 'readStderr'
      ? refusal(Status.INVALID_ARGUMENT, 'container')
      : refusal(Status.PERMISSION_DENIED, 'not today');
  await expect((call as (request: object) => Promise<unknown>)({})).rejects.toMatchObject(expected);
  expect(asked).toEqual([key]);
});

test('a call of an unknown service is INVALID_ARGUMENT', async () => {
  const { harness, channel } = await connect();
  await using _harness = harness;
  await using _channel = channel;
  const definition = { ...AgentServiceDefinition, fullName: 'grpc.NoSuchService' };
  await expect(createClient(definition, channel).getGuestDetails({})).rejects.toMatchObject({
    code: Status.INVALID_ARGUMENT,
  });
});

test('Health answers while other calls wait', async () => {
  await using harness = await startFakeAgent();
  harness.runtime.gate = () => new Promise(() => undefined);
  void harness.client.execProcess({}).catch(() => undefined);
  expect(await harness.health.check({ service: 'whatever' })).toEqual({ status: 1 });
  expect(await harness.health.version({})).toEqual({
    grpcVersion: '0.0.1',
    agentVersion: expect.stringMatching(/^4\.1\.0\+hako\./) as unknown,
  });
});
