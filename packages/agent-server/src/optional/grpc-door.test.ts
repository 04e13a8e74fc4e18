// SPDX-License-Identifier: Apache-2.0
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Channel, credentials } from '@grpc/grpc-js';
import { AgentServiceDefinition } from '@hako/protocols/agent';
import { HealthDefinition } from '@hako/protocols/health';
import { ProcessIODefinition, type AttachRequest } from '@hako/protocols/process-io';
import { createClient } from 'nice-grpc';
import { ServerError, Status } from 'nice-grpc-common';
import { HealthDefinition as GrpcHealthDefinition } from 'nice-grpc-server-health';
import { ServerReflectionService } from 'nice-grpc-server-reflection';
import { expect, test } from 'vitest';
import { startFakeAgent, type HarnessOptions } from '../testing/agent-harness.ts';
import { runContainer } from '../testing/ready-sandbox.ts';
import { offerGrpc } from '../server/offer-grpc.ts';

const ignore = () => undefined;
const silent = { debug: ignore, info: ignore, warn: ignore, error: ignore };

async function open(options: HarnessOptions = {}) {
  const undo = new AsyncDisposableStack();
  const harness = undo.use(await startFakeAgent(options));
  const directory = await mkdtemp(join(tmpdir(), 'hako-grpc-'));
  undo.defer(() => rm(directory, { recursive: true, force: true }));
  const path = join(directory, 'grpc.sock');
  const door = await offerGrpc(harness.agent, `unix://${path}`, silent);
  expect(door?.port).toBe(0);
  undo.defer(() => door?.close({ timeoutMs: 0 }));
  const channel = new Channel(`unix:${path}`, credentials.createInsecure(), {});
  undo.defer(() => channel.close());
  return { harness, channel, [Symbol.asyncDispose]: () => undo.disposeAsync() };
}

test('both roads lead to the same agent', async () => {
  await using it = await open();
  await runContainer(it.harness, 'c1', ['cat']);
  const client = createClient(AgentServiceDefinition, it.channel);
  expect(await client.writeStdin({ containerId: 'c1', data: Buffer.from('over gRPC') })).toEqual({ len: 9 });
  const { data } = await it.harness.client.readStdout({ containerId: 'c1', len: 100 });
  expect(Buffer.from(data).toString()).toBe('over gRPC');
  expect(await createClient(HealthDefinition, it.channel).check({})).toEqual({ status: 1 });
});

test('errors have the status they have over ttRPC', async () => {
  await using it = await open();
  const client = createClient(AgentServiceDefinition, it.channel);
  await expect(client.waitProcess({ containerId: 'none' })).rejects.toMatchObject({
    code: Status.INVALID_ARGUMENT,
  });
});

test('a process can be attached to', async () => {
  await using it = await open();
  await runContainer(it.harness, 'c1', ['sh', '-c', 'echo streamed\nexit 4']);
  async function* requests(): AsyncGenerator<{ content: NonNullable<AttachRequest['content']> }> {
    yield { content: { $case: 'process', value: { containerId: 'c1', execId: '' } } };
    yield { content: { $case: 'stdoutCredit', value: 100 } };
    yield { content: { $case: 'stderrCredit', value: 100 } };
    await Promise.resolve();
  }
  const answers: unknown[] = [];
  for await (const { content } of createClient(ProcessIODefinition, it.channel).attach(requests()))
    answers.push(content?.$case === 'stdout' ? Buffer.from(content.value).toString() : content?.$case);
  expect(answers).toContain('streamed\n');
  expect(answers.at(-1)).toBe('exit');
});

test('the gate stands before it, too', async () => {
  const gate = () => Promise.reject(new ServerError(Status.PERMISSION_DENIED, 'not today'));
  await using it = await open({ gate });
  await expect(createClient(AgentServiceDefinition, it.channel).getMetrics({})).rejects.toMatchObject({
    code: Status.PERMISSION_DENIED,
  });
});

test('tools can ask what is served, and whether it is healthy', async () => {
  await using it = await open();
  const request = ServerReflectionService.serverReflectionInfo.requestDeserialize(Buffer.alloc(0));
  request.setListServices('');
  const requests = (async function* once() {
    yield await Promise.resolve(request);
  })();
  const names: string[][] = [];
  for await (const response of createClient(ServerReflectionService, it.channel).serverReflectionInfo(
    requests,
  ))
    names.push((response.getListServicesResponse()?.toObject().serviceList ?? []).map(({ name }) => name));
  expect(names).toEqual([['grpc.AgentService', 'grpc.Health', 'hako.agent.v1.ProcessIO']]);
  const health = createClient(GrpcHealthDefinition, it.channel);
  expect(await health.check({ service: 'grpc.AgentService' })).toMatchObject({ status: 1 });
});

test.each(['', 'vsock://-1:9', 'nonsense'])(
  'there is no door at %j, and the agent goes on',
  async (address) => {
    await using harness = await startFakeAgent();
    const errors: string[] = [];
    const logger = { ...silent, error: (_fields: object, message: string) => void errors.push(message) };
    expect(await offerGrpc(harness.agent, address, logger)).toBeUndefined();
    expect(errors).toEqual(address === '' ? [] : ['gRPC door cannot be opened']);
  },
);
