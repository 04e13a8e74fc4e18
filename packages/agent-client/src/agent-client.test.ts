// SPDX-License-Identifier: Apache-2.0
import { AgentServiceDefinition } from '@hako/protocols/agent';
import { createChannel, createMemoryPair, createSocketPair } from '@hako/ttrpc';
import { Status } from 'nice-grpc-common';
import { PassThrough } from 'node:stream';
import { describe, expect, test, vi } from 'vitest';
import { AgentClientError, type AgentClientErrorCode } from './agent-client-error.ts';
import { createAgentClient } from './agent-client.ts';
import { createFakeAgent } from './testing/index.ts';

const error = (code: AgentClientErrorCode, more: object = {}): unknown =>
  expect.objectContaining({ code, ...more });
const first = { containerId: 'c1', execId: 'c1' };
const spec = { Process: { Args: ['true'] } };

async function within<T>(run: () => Promise<T>): Promise<unknown> {
  return run().then(
    () => undefined,
    (reason: unknown) => reason,
  );
}

describe('over a socket pair', () => {
  test('a container is created, started, waited for and removed', async () => {
    await using agent = createFakeAgent({ program: () => 7 });
    await using pair = await createSocketPair();
    agent.serve(pair[1]);
    await using client = createAgentClient({ channel: createChannel(pair[0]) });
    await client.createSandbox({ hostname: 'h', sandboxId: 's' });
    await client.createContainer({ ...first, OCI: spec });
    await client.startContainer({ containerId: 'c1' });
    expect(await client.waitProcess(first)).toEqual({ status: 7 });
    await client.removeContainer({ containerId: 'c1' });
    expect(agent.calls.map(({ method }) => method)).toEqual([
      'createSandbox',
      'createContainer',
      'startContainer',
      'waitProcess',
      'removeContainer',
    ]);
  });
});

test('every method of the service can be called and reaches the agent under its name', async () => {
  await using agent = createFakeAgent();
  await using client = createAgentClient(agent);
  const withoutRequest = new Set([
    'destroySandbox',
    'removeStaleVirtiofsShareMounts',
    'getOOMEvent',
    'listInterfaces',
    'listRoutes',
    'getMetrics',
  ]);
  const names = Object.keys(
    AgentServiceDefinition.methods,
  ) as (keyof typeof AgentServiceDefinition.methods)[];
  const methods = client as unknown as Record<string, (...args: unknown[]) => Promise<unknown>>;
  for (const name of names) {
    agent.intercept(name, async () => ({}), 1);
    await methods[name]!(...(withoutRequest.has(name) ? [] : [{}]));
  }
  await client.check();
  await client.version();
  expect(agent.calls.map(({ method }) => method)).toEqual([...names, 'check', 'version']);
});

describe('failures', () => {
  test('an error of the agent keeps its status and its words', async () => {
    await using agent = createFakeAgent();
    await using client = createAgentClient(agent);
    const failure = await within(() => client.waitProcess({ containerId: 'none', execId: '' }));
    expect(failure).toBeInstanceOf(AgentClientError);
    expect(failure).toEqual(
      error('rpc_failed', {
        status: Status.INVALID_ARGUMENT,
        guestText: 'Invalid container id',
        request: 'WaitProcessRequest',
        message: 'WaitProcessRequest failed with INVALID_ARGUMENT: Invalid container id',
      }),
    );
  });

  test('control characters of the guest are escaped in the message and raw in the field', async () => {
    await using agent = createFakeAgent();
    agent.fail('check', Status.INTERNAL, '\u001b[2Jgone\n');
    await using client = createAgentClient(agent);
    const failure = await within(() => client.check());
    expect(failure).toEqual(error('rpc_failed', { guestText: '\u001b[2Jgone\n' }));
    expect((failure as Error).message).toBe(String.raw`CheckRequest failed with INTERNAL: \u{1b}[2Jgone\n`);
  });

  test('a request that does not fit the wire is told apart', async () => {
    await using agent = createFakeAgent();
    await using client = createAgentClient(agent);
    await expect(client.setGuestDateTime({ Sec: 2n ** 64n })).rejects.toEqual(error('invalid_request'));
  });

  test('an agent too old for neighbour entries is forgiven, with a warning', async () => {
    await using agent = createFakeAgent();
    const logger = { debug: vi.fn(), warn: vi.fn() };
    await using client = createAgentClient({ dial: agent.dial, logger });
    expect(await client.addARPNeighbors({})).toEqual({});
    expect(logger.warn).toHaveBeenCalledOnce();
  });

  test('other failures of neighbour entries are not forgiven', async () => {
    await using agent = createFakeAgent();
    agent.fail('addARPNeighbors', Status.INTERNAL, 'no');
    await using client = createAgentClient(agent);
    await expect(client.addARPNeighbors({})).rejects.toEqual(
      error('rpc_failed', { status: Status.INTERNAL }),
    );
  });
});

describe('deadlines', () => {
  test.each([
    ['a usual call by requestMs', 'startContainer', { requestMs: 5 }, 'StartContainerRequest'],
    [
      'CreateContainer by createContainerMs',
      'createContainer',
      { createContainerMs: 5 },
      'CreateContainerRequest',
    ],
  ] as const)('%s', async (_what, method, timeouts, request) => {
    await using agent = createFakeAgent();
    agent.hang(method);
    await using client = createAgentClient({ dial: agent.dial, timeouts });
    await expect(client[method]({ containerId: 'c1' })).rejects.toEqual(
      error('timed_out', { request, message: `${request} timed out` }),
    );
  });

  test('Check by checkMs', async () => {
    await using agent = createFakeAgent();
    agent.hang('check');
    await using client = createAgentClient({ dial: agent.dial, timeouts: { checkMs: 5 } });
    await expect(client.check()).rejects.toEqual(error('timed_out'));
  });

  test('a call can have its own', async () => {
    await using agent = createFakeAgent();
    agent.hang('getMetrics');
    await using client = createAgentClient(agent);
    await expect(client.getMetrics({ timeoutMs: 5 })).rejects.toEqual(error('timed_out'));
  });

  test('a deadline that the guest enforces is the same error', async () => {
    await using agent = createFakeAgent();
    agent.fail('getMetrics', Status.DEADLINE_EXCEEDED, 'timeout');
    await using client = createAgentClient(agent);
    await expect(client.getMetrics()).rejects.toEqual(error('timed_out'));
  });

  test('waiting for a process, for output and for memory events has none', async () => {
    await using agent = createFakeAgent({ program: () => undefined });
    await using client = createAgentClient({ dial: agent.dial, timeouts: { requestMs: 5 } });
    await client.createContainer({ ...first, OCI: spec });
    await client.startContainer({ containerId: 'c1' }, { timeoutMs: 5000 });
    const output = client.readStdout({ ...first, len: 10 });
    const end = client.waitProcess(first);
    await expect(client.ttyWinResize({ ...first, row: 1, column: 1 }, { timeoutMs: 5000 })).resolves.toEqual(
      {},
    );
    agent.hang('getMetrics');
    await expect(client.getMetrics()).rejects.toEqual(error('timed_out'));
    agent.process('c1').writeStdout('late');
    agent.process('c1').exit(0);
    expect(Buffer.from((await output).data).toString()).toBe('late');
    expect(await end).toEqual({ status: 0 });
  });

  test.each([0, -1, Number.NaN])(
    'a timeout of %s is refused, not taken for "already expired"',
    (requestMs) => {
      expect(() => createAgentClient({ timeouts: { requestMs } })).toThrow(error('invalid_request'));
    },
  );
});

describe('aborting', () => {
  test('a call in flight rejects with the reason and is given up in the guest', async () => {
    await using agent = createFakeAgent();
    const cancelled = Promise.withResolvers<undefined>();
    agent.intercept('getMetrics', (_request, { signal }) => {
      signal.addEventListener('abort', () => cancelled.resolve(undefined));
      controller.abort('why');
      return new Promise(() => undefined);
    });
    const controller = new AbortController();
    await using client = createAgentClient(agent);
    await expect(client.getMetrics({ signal: controller.signal })).rejects.toEqual(
      error('aborted', { cause: 'why' }),
    );
    await cancelled.promise;
  });

  test('a signal that is aborted already sends nothing and dials nobody', async () => {
    const dial = vi.fn();
    await using client = createAgentClient({ dial });
    await expect(client.check({ signal: AbortSignal.abort('early') })).rejects.toEqual(
      error('aborted', { cause: 'early' }),
    );
    expect(dial).not.toHaveBeenCalled();
  });

  test('giving up waiting for a dial does not end the dial that others wait for', async () => {
    await using agent = createFakeAgent();
    const gate = Promise.withResolvers<undefined>();
    const dial = vi.fn(async (options: { signal: AbortSignal }) => {
      await gate.promise;
      return agent.dial(options);
    });
    await using client = createAgentClient({ dial });
    const controller = new AbortController();
    const impatient = client.check({ signal: controller.signal });
    const patient = client.check();
    controller.abort();
    await expect(impatient).rejects.toEqual(error('aborted'));
    gate.resolve(undefined);
    await expect(patient).resolves.toBeDefined();
    expect(dial).toHaveBeenCalledOnce();
    expect(client.dead).toBe(false);
  });
});

describe('dialing', () => {
  test('is repeated until somebody answers', async () => {
    await using agent = createFakeAgent();
    let refusals = 3;
    await using client = createAgentClient({
      dial: (options) => (refusals-- > 0 ? Promise.reject(new Error('refused')) : agent.dial(options)),
    });
    await expect(client.check()).resolves.toBeDefined();
    expect(refusals).toBe(-1);
  });

  test('that fails for good makes the agent dead', async () => {
    await using client = createAgentClient({
      dial: () => Promise.reject(new Error('connection refused')),
      timeouts: { dialMs: 20 },
    });
    const failure = await within(() => client.check());
    expect(failure).toEqual(error('dial_timeout', { cause: new Error('connection refused') }));
    expect(client.dead).toBe(true);
    await expect(client.check()).rejects.toEqual(error('dead_agent'));
  });

  test('that succeeds too late leaves no connection behind', async () => {
    const late = new PassThrough();
    const gate = Promise.withResolvers<undefined>();
    await using client = createAgentClient({
      dial: async () => {
        await gate.promise;
        return late;
      },
      timeouts: { dialMs: 5 },
    });
    await expect(client.check()).rejects.toEqual(error('dial_timeout'));
    gate.resolve(undefined);
    await new Promise((resolve) => late.once('close', resolve));
    expect(late.destroyed).toBe(true);
  });

  test('is stopped by closing the client', async () => {
    const stopped = Promise.withResolvers<undefined>();
    const client = createAgentClient({
      dial: ({ signal }) =>
        new Promise(() => signal.addEventListener('abort', () => stopped.resolve(undefined), { once: true })),
    });
    const call = within(() => client.check());
    await client.close();
    expect(await call).toEqual(error('connection_closed'));
    await stopped.promise;
    await expect(client.check()).rejects.toEqual(error('closed'));
  });
});

describe('the end of a connection', () => {
  test('fails calls in flight and later ones, until disconnect lets the next call dial again', async () => {
    await using agent = createFakeAgent();
    const [near, far] = createMemoryPair();
    agent.serve(far);
    await using client = createAgentClient({ dial: agent.dial, channel: createChannel(near) });
    agent.hang('getOOMEvent');
    const waiting = within(() => client.getOOMEvent());
    await client.check();
    far.destroy();
    expect(await waiting).toEqual(error('connection_closed'));
    await expect(client.check()).rejects.toEqual(error('connection_closed'));
    expect(client.dead).toBe(false);
    await client.disconnect();
    await expect(client.check()).resolves.toBeDefined();
  });

  test('by markDead is final', async () => {
    await using agent = createFakeAgent();
    await using client = createAgentClient(agent);
    await client.check();
    agent.hang('getOOMEvent');
    const waiting = within(() => client.getOOMEvent());
    await client.check();
    client.markDead('monitor');
    expect(await waiting).toEqual(error('connection_closed'));
    await client.disconnect();
    await expect(client.check()).rejects.toEqual(error('dead_agent', { cause: 'monitor' }));
  });

  test('by close waits for calls in flight, and refuses later ones', async () => {
    await using agent = createFakeAgent();
    const reply = Promise.withResolvers<object>();
    const arrived = Promise.withResolvers<undefined>();
    agent.intercept('getMetrics', () => {
      arrived.resolve(undefined);
      return reply.promise;
    });
    const client = createAgentClient(agent);
    const call = client.getMetrics();
    await arrived.promise;
    const closing = client.close();
    await expect(client.check()).rejects.toEqual(error('closed'));
    reply.resolve({ metrics: 'm' });
    expect(await call).toEqual({ metrics: 'm' });
    await closing;
    await client.close();
  });

  test('by close with a limit ends what does not end by itself', async () => {
    await using agent = createFakeAgent();
    agent.hang('getMetrics');
    const client = createAgentClient(agent);
    const call = within(() => client.getMetrics());
    await client.check();
    await client.close({ timeoutMs: 5 });
    expect(await call).toEqual(error('connection_closed'));
  });

  test('by the death of the virtual machine fails everything at once', async () => {
    await using agent = createFakeAgent({ program: () => undefined });
    await using client = createAgentClient(agent);
    await client.createContainer({ ...first, OCI: spec });
    await client.startContainer({ containerId: 'c1' });
    const calls = [
      within(() => client.waitProcess(first)),
      within(() => client.readStdout({ ...first, len: 1 })),
    ];
    await client.check();
    agent.crash();
    expect(await Promise.all(calls)).toEqual([error('connection_closed'), error('connection_closed')]);
  });
});
