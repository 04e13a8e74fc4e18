// SPDX-License-Identifier: Apache-2.0
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { ServiceError } from '@grpc/grpc-js';
import {
  Channel as GrpcChannel,
  credentials,
  makeGenericClientConstructor,
  Metadata as GrpcMetadata,
} from '@grpc/grpc-js';
import { fileDescriptorSet } from '@hako/protocols/descriptors';
import { HealthCheckResponse, HealthDefinition } from '@hako/protocols/health';
import {
  createChannel,
  createClient as createTtrpcClient,
  createMemoryPair,
  createServer,
  decodeStatus,
  TtrpcServerError,
} from '@hako/ttrpc';
import { EchoDefinition, echoService } from '@hako/ttrpc/testing';
import type { EchoServiceImplementation } from '@hako/ttrpc/testing';
import { createClient } from 'nice-grpc';
import type { CallContext, ServerMiddleware } from 'nice-grpc-common';
import { ClientError, Metadata, ServerError, Status } from 'nice-grpc-common';
import { HealthDefinition as GrpcHealthDefinition } from 'nice-grpc-server-health';
import { ServerReflectionService } from 'nice-grpc-server-reflection';
import { describe, expect, test } from 'vitest';

import { createGrpcGateway, gatewayService } from './index.ts';
import type { GrpcGatewayOptions } from './index.ts';

const agentHealth = {
  check: () => Promise.resolve({ status: HealthCheckResponse.fromPartial({ status: 1 }).status }),
  version: () => Promise.resolve({ grpcVersion: '0.0.1', agentVersion: 'test' }),
};

async function* from(...texts: string[]): AsyncGenerator<{ text: string }> {
  for (const text of texts) yield await Promise.resolve({ text });
}

/** nice-grpc's own function knows no unix sockets. */
const openGrpcChannel = (target: string): GrpcChannel =>
  new GrpcChannel(target, credentials.createInsecure(), {});

/** An echo service over gRPC on a unix socket, with a client of nice-grpc and one without any generated code. */
async function open(
  methods: Partial<EchoServiceImplementation> = {},
  options: Partial<GrpcGatewayOptions> = {},
) {
  const resources = new AsyncDisposableStack();
  const directory = await mkdtemp(join(tmpdir(), 'grpc-'));
  resources.defer(() => rm(directory, { recursive: true, force: true }));
  const gateway = resources.use(
    createGrpcGateway({
      services: [
        gatewayService(EchoDefinition, { ...echoService, ...methods }),
        gatewayService(HealthDefinition, agentHealth),
      ],
      descriptorSets: [fileDescriptorSet],
      ...options,
    }),
  );
  const path = join(directory, 'gateway.sock');
  await gateway.listen(`unix://${path}`);
  const channel = openGrpcChannel(`unix:${path}`);
  resources.defer(() => channel.close());
  const Generic = makeGenericClientConstructor({}, 'Generic');
  const generic = new Generic(`unix:${path}`, credentials.createInsecure());
  resources.defer(() => generic.close());
  return {
    gateway,
    channel,
    client: createClient(EchoDefinition, channel),
    /** A call as grpcurl makes it: bytes in, bytes out, whatever is behind. */
    call: (name: string, request: Uint8Array, metadata = new GrpcMetadata()) =>
      new Promise<{ reply?: Buffer; error?: ServiceError }>((resolve) => {
        const same = (bytes: Buffer): Buffer => bytes;
        generic.makeUnaryRequest(name, same, same, Buffer.from(request), metadata, (error, reply) =>
          resolve({ ...(error === null ? {} : { error }), ...(reply === undefined ? {} : { reply }) }),
        );
      }),
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}

describe('the implementation of a ttRPC service, over gRPC', () => {
  test('answers all shapes', async () => {
    await using pair = await open();
    expect(await pair.client.unary({ text: 'u' })).toMatchObject({ text: 'u' });
    expect(await pair.client.clientStream(from('a', 'b'))).toMatchObject({ text: 'a,b' });
    const texts: string[] = [];
    for await (const { text } of pair.client.serverStream({ text: 's', count: 2 })) texts.push(text);
    for await (const { text } of pair.client.bidiStream(from('x', 'y'))) texts.push(text);
    expect(texts).toEqual(['s0', 's1', 'x', 'y']);
  });

  test('is the very object that a ttRPC server takes', async () => {
    await using pair = await open();
    const [near, far] = createMemoryPair();
    await using server = createServer().add(EchoDefinition, echoService);
    server.serve(far);
    await using channel = createChannel(near);
    const overTtrpc = await createTtrpcClient(EchoDefinition, channel).unary({ text: 'same' });
    expect(await pair.client.unary({ text: 'same' })).toEqual(overTtrpc);
  });

  test('answers @grpc/grpc-js without generated code, as grpcurl calls', async () => {
    await using pair = await open();
    const { reply } = await pair.call('/grpc.Health/Check', new Uint8Array(0));
    expect(HealthCheckResponse.decode(reply ?? new Uint8Array(0))).toEqual({ status: 1 });
  });

  test('sees metadata, and hears of deadlines and cancels through its signal', async () => {
    const contexts: CallContext[] = [];
    await using pair = await open({
      unary: (request, context) => {
        contexts.push(context);
        return request.text === 'stuck' ? new Promise(() => undefined) : Promise.resolve(request);
      },
    });
    await pair.client.unary({}, { metadata: Metadata({ who: 'me' }) });
    expect(contexts[0]?.metadata.get('who')).toBe('me');
    const metadata = new GrpcMetadata();
    metadata.set('grpc-timeout', '50m');
    // On a busy machine a deadline may pass before the handler is reached.
    while (contexts.length < 2) {
      const stuck = Uint8Array.of(10, 5, ...Buffer.from('stuck'));
      const { error } = await pair.call('/hako.test.Echo/Unary', stuck, metadata);
      expect([Status.DEADLINE_EXCEEDED, Status.CANCELLED]).toContain(error?.code);
    }
    while (contexts[1]?.signal.aborted !== true) await new Promise(setImmediate);
    const before = contexts.length;
    const abort = new AbortController();
    const stuck = pair.client.unary({ text: 'stuck' }, { signal: abort.signal });
    while (contexts.length === before) await new Promise(setImmediate);
    abort.abort();
    await expect(stuck).rejects.toMatchObject({ name: 'AbortError' });
    while (contexts.at(-1)?.signal.aborted !== true) await new Promise(setImmediate);
  });

  test('refuses a message above 4 MiB with RESOURCE_EXHAUSTED', async () => {
    await using pair = await open();
    const call = pair.client.unary({ body: new Uint8Array(4 * 1024 * 1024) });
    await expect(call).rejects.toMatchObject({ code: Status.RESOURCE_EXHAUSTED });
  });

  test('of a method that is not there is UNIMPLEMENTED', async () => {
    await using pair = await open();
    for (const path of ['/hako.test.Echo/Nothing', '/nobody/Unary']) {
      expect((await pair.call(path, new Uint8Array(0))).error?.code).toBe(Status.UNIMPLEMENTED);
    }
  });
});

describe('failures', () => {
  const detail = { typeUrl: 'type.googleapis.com/google.rpc.ErrorInfo', value: Uint8Array.of(10, 1, 65) };
  const failures = [
    {
      error: new ServerError(Status.NOT_FOUND, 'gone'),
      code: Status.NOT_FOUND,
      message: 'gone',
      details: undefined,
    },
    {
      error: new TtrpcServerError(Status.INVALID_ARGUMENT, 'bad', [detail]),
      code: Status.INVALID_ARGUMENT,
      message: 'bad',
      details: [detail],
    },
    {
      error: new TtrpcServerError(Status.ABORTED, 'plain'),
      code: Status.ABORTED,
      message: 'plain',
      details: undefined,
    },
  ];

  test.each(failures)(
    '$error becomes status $code with its details',
    async ({ error, code, message, details }) => {
      await using pair = await open({ unary: () => Promise.reject(error) });
      const seen = (await pair.call('/hako.test.Echo/Unary', new Uint8Array(0))).error;
      expect(seen).toMatchObject({ code, details: message });
      const [encoded] = seen?.metadata.get('grpc-status-details-bin') ?? [];
      const decoded = Buffer.isBuffer(encoded) ? decodeStatus(new Uint8Array(encoded)) : undefined;
      expect(decoded).toEqual(details && { code, message, details });
    },
  );

  test('in the middle of a stream keep what came before', async () => {
    await using pair = await open({
      async *serverStream() {
        yield await Promise.resolve({ text: 'one' });
        throw new ServerError(Status.DATA_LOSS, 'no more');
      },
    });
    const texts: string[] = [];
    const reading = (async () => {
      for await (const { text } of pair.client.serverStream({})) texts.push(text);
    })();
    await expect(reading).rejects.toMatchObject({ code: Status.DATA_LOSS, details: 'no more' });
    expect(texts).toEqual(['one']);
  });
});

test('middleware surrounds every service, the first one outermost', async () => {
  const log: string[] = [];
  const layer = (name: string): ServerMiddleware =>
    async function* pass(call, context) {
      log.push(`${name} ${call.method.path}`);
      return yield* call.next(call.request, context);
    };
  await using pair = await open({}, { middleware: [layer('outer'), layer('inner')] });
  await pair.client.unary({});
  expect(log).toEqual(['outer /hako.test.Echo/Unary', 'inner /hako.test.Echo/Unary']);
});

describe('reflection', () => {
  type Reflection = typeof ServerReflectionService.serverReflectionInfo;
  type Request = Reflection extends { requestDeserialize(bytes: Buffer): infer Message } ? Message : never;

  async function ask(change: (request: Request) => void, options: Partial<GrpcGatewayOptions> = {}) {
    await using pair = await open({}, options);
    const client = createClient(ServerReflectionService, pair.channel);
    const request = ServerReflectionService.serverReflectionInfo.requestDeserialize(Buffer.alloc(0));
    change(request);
    const requests = (async function* once() {
      yield await Promise.resolve(request);
    })();
    for await (const response of client.serverReflectionInfo(requests)) return response;
    throw new Error('reflection gave no answer');
  }

  test('lists the services that are served, and no others of the descriptors', async () => {
    const response = await ask((request) => request.setListServices(''), {
      services: [gatewayService(HealthDefinition, agentHealth)],
    });
    expect(response.getListServicesResponse()?.toObject().serviceList).toEqual([{ name: 'grpc.Health' }]);
  });

  test('gives the file that describes a symbol', async () => {
    const response = await ask((request) => request.setFileContainingSymbol('grpc.Health'));
    const [file] = response.getFileDescriptorResponse()?.getFileDescriptorProtoList_asU8() ?? [];
    expect(Buffer.from(file ?? []).toString('latin1')).toContain('health.proto');
  });

  test('is not there without descriptors', async () => {
    await expect(ask((request) => request.setListServices(''), { descriptorSets: [] })).rejects.toMatchObject(
      {
        code: Status.UNIMPLEMENTED,
      },
    );
  });
});

test('health is told per service, and watched', async () => {
  await using pair = await open();
  const health = createClient(GrpcHealthDefinition, pair.channel);
  const [serving, notServing] = [1, 2];
  expect(await health.check({ service: '' })).toEqual({ status: serving });
  expect(await health.check({ service: 'hako.test.Echo' })).toEqual({ status: serving });
  await expect(health.check({ service: 'x' })).rejects.toMatchObject({ code: Status.NOT_FOUND });
  const seen: number[] = [];
  for await (const { status } of health.watch({ service: 'hako.test.Echo' })) {
    seen.push(status);
    if (seen.length === 2) break;
    pair.gateway.setHealthy('hako.test.Echo', false);
  }
  expect(seen).toEqual([serving, notServing]);
  expect(() => pair.gateway.setHealthy('x', true)).toThrow(/not served/);
});

describe('its life', () => {
  const echo = gatewayService(EchoDefinition, echoService);

  test('a graceful shutdown waits for calls; patience that ends cancels them', async () => {
    let started = (): void => undefined;
    const running = new Promise<void>((resolve) => {
      started = resolve;
    });
    await using pair = await open({
      unary: () => {
        started();
        return new Promise(() => undefined);
      },
    });
    const call = pair.client.unary({});
    const outcome = expect(call).rejects.toBeInstanceOf(ClientError);
    await running;
    await pair.gateway.shutdown({ timeoutMs: 20 });
    await outcome;
    await expect(pair.gateway.listen('tcp://127.0.0.1:0')).rejects.toMatchObject({ code: 'invalid_state' });
  });

  test('a TCP port is chosen by the system', async () => {
    await using gateway = createGrpcGateway({ services: [echo] });
    const port = await gateway.listen('tcp://127.0.0.1:0');
    const channel = openGrpcChannel(`127.0.0.1:${port}`);
    expect(await createClient(EchoDefinition, channel).unary({ text: 't' })).toMatchObject({ text: 't' });
    channel.close();
  });

  test('an address that cannot be bound is a typed error, and another one may be tried', async () => {
    await using gateway = createGrpcGateway({ services: [echo] });
    await expect(gateway.listen('unix:///nonexistent/x.sock')).rejects.toMatchObject({
      code: 'listen_failed',
    });
    expect(await gateway.listen('tcp://127.0.0.1:0')).toBeGreaterThan(0);
  });

  const mistakes: readonly { name: string; options: GrpcGatewayOptions; message: RegExp }[] = [
    { name: 'a service given twice', options: { services: [echo, echo] }, message: /twice/ },
    {
      name: 'an implementation without a method',
      options: { services: [{ definition: EchoDefinition, implementation: {} }] },
      message: /lacks unary/,
    },
    {
      name: 'descriptors that are none',
      options: { services: [echo], descriptorSets: [Uint8Array.of(0xff, 1)] },
      message: /do not decode/,
    },
  ];

  test.each(mistakes)('$name is refused', ({ options, message }) => {
    expect(() => createGrpcGateway(options)).toThrow(
      expect.objectContaining({
        code: 'invalid_argument',
        message: expect.stringMatching(message) as string,
      }) as Error,
    );
  });
});
