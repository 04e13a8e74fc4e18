// SPDX-License-Identifier: Apache-2.0
import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, test, vi } from 'vitest';
import { FakeQmpServer, type FakeQmpServerOptions } from '../testing/fake-qmp-server.ts';
import { QmpClient, type SendDescriptors } from './qmp-client.ts';

async function connected(options: FakeQmpServerOptions = {}) {
  const server = new FakeQmpServer(options);
  const client = await QmpClient.connect(server.clientEnd);
  return { server, client, [Symbol.dispose]: () => client[Symbol.dispose]() };
}

const silence = () => 'silence' as const;

describe('QmpClient.connect', () => {
  test('waits for the greeting, even behind events, and negotiates first', async () => {
    const server = new FakeQmpServer({ greets: false });
    const connecting = QmpClient.connect(server.clientEnd);
    server.emit('RTC_CHANGE', { offset: 0 });
    expect(server.received).toEqual([]);
    server.greet();
    using client = await connecting;
    expect(client).toBeInstanceOf(QmpClient);
    expect(server.received.map((command) => command.execute)).toEqual(['qmp_capabilities']);
  });

  test.for([
    { what: 'a QEMU too old', options: { version: { major: 4, minor: 2 } }, code: 'unsupported_version' },
    { what: 'a greeting that never comes', options: { greets: false }, timeoutMs: 5, code: 'timeout' },
    {
      what: 'negotiation without answer',
      options: { answers: { qmp_capabilities: silence } },
      timeoutMs: 5,
      code: 'timeout',
    },
  ])('$what is $code, and the connection is closed', async ({ options, code, timeoutMs = 1000 }) => {
    const server = new FakeQmpServer(options);
    await expect(QmpClient.connect(server.clientEnd, { timeoutMs })).rejects.toMatchObject({ code });
    await server.clientClosed();
  });

  test.for([
    { what: 'not JSON', line: 'hello\n' },
    { what: 'JSON that is no object', line: '[1]\n' },
    { what: 'an object of no kind', line: '{"x":1}\n' },
    { what: 'a greeting without version', line: '{"QMP":{}}\n' },
  ])('$what is a protocol violation', async ({ line }) => {
    const server = new FakeQmpServer({ greets: false });
    const connecting = expect(QmpClient.connect(server.clientEnd)).rejects.toMatchObject({
      code: 'protocol_violation',
    });
    server.sendRaw(line);
    await connecting;
    await server.clientClosed();
  });

  test('a line without end is cut off at the limit', async () => {
    const server = new FakeQmpServer({ greets: false });
    const connecting = expect(QmpClient.connect(server.clientEnd)).rejects.toMatchObject({
      code: 'protocol_violation',
    });
    server.sendRaw(Buffer.alloc(5 * 1024 * 1024, 0x20));
    await connecting;
  });

  test('the death of QEMU before the greeting is a lost connection', async () => {
    const server = new FakeQmpServer({ greets: false });
    const connecting = expect(QmpClient.connect(server.clientEnd)).rejects.toMatchObject({
      code: 'connection_lost',
    });
    server.close();
    await connecting;
  });
});

describe('QmpClient.execute', () => {
  test('answers find their command by id, in whatever order they come', async () => {
    using peer = await connected({ answers: { 'query-status': silence, 'query-cpus-fast': silence } });
    const { client, server } = peer;
    const first = client.execute('query-status', {});
    const second = client.execute('query-cpus-fast', {});
    const { id: firstId } = await server.command('query-status');
    const { id: secondId } = await server.command('query-cpus-fast');
    server.send({ return: [], id: secondId });
    server.send({ return: { running: true, singlestep: false, status: 'running' }, id: firstId });
    expect(await second).toEqual([]);
    expect(await first).toMatchObject({ status: 'running' });
  });

  test("QEMU's refusal keeps its class and names the command", async () => {
    using peer = await connected({
      answers: { cont: () => ({ error: { class: 'GenericError', desc: 'no' } }) },
    });
    await expect(peer.client.execute('cont', {})).rejects.toMatchObject({
      code: 'command_failed',
      command: 'cont',
      qemuClass: 'GenericError',
      message: 'monitor command cont failed: no',
    });
  });

  test('a deadline and an abort have different codes, and the connection lives on', async () => {
    using peer = await connected({ answers: { stop: silence } });
    const { client } = peer;
    await expect(client.execute('stop', {}, { timeoutMs: 5 })).rejects.toMatchObject({ code: 'timeout' });
    const controller = new AbortController();
    const stopping = expect(client.execute('stop', {}, { signal: controller.signal })).rejects.toMatchObject({
      code: 'aborted',
    });
    controller.abort();
    await stopping;
    expect(await client.execute('cont', {})).toEqual({});
  });

  describe('with open files', () => {
    test('the end of the connection while their sender is loaded fails the command', async () => {
      const server = new FakeQmpServer();
      const loaded = Promise.withResolvers<SendDescriptors>();
      const loadSendDescriptors = () => loaded.promise;
      using client = await QmpClient.connect(server.clientEnd, { loadSendDescriptors });
      const sending = client.execute('getfd', { fdname: 'tap' }, { descriptors: [0] });
      server.close();
      await client
        .events([])
        .next()
        .catch(() => undefined);
      loaded.resolve(() => expect.unreachable());
      await expect(sending).rejects.toMatchObject({ code: 'connection_lost' });
    });

    test('a command that was given up is not sent later: the files may be closed by then', async () => {
      const server = new FakeQmpServer();
      const loaded = Promise.withResolvers<SendDescriptors>();
      const loadSendDescriptors = () => loaded.promise;
      using client = await QmpClient.connect(server.clientEnd, { loadSendDescriptors });
      const options = { descriptors: [0], timeoutMs: 5 };
      await expect(client.execute('getfd', { fdname: 'tap' }, options)).rejects.toMatchObject({
        code: 'timeout',
      });
      const send = vi.fn<SendDescriptors>();
      loaded.resolve(send);
      await nextTurn();
      expect(send).not.toHaveBeenCalled();
    });
  });

  test('a late answer to a command given up is dropped', async () => {
    using peer = await connected({ answers: { stop: silence } });
    const { client, server } = peer;
    await expect(client.execute('stop', {}, { timeoutMs: 5 })).rejects.toMatchObject({ code: 'timeout' });
    server.send({ return: {}, id: server.received.at(-1)?.id });
    expect(await client.execute('cont', {})).toEqual({});
  });

  test('the loss of the connection fails all that is pending and all that follows', async () => {
    using peer = await connected({ answers: { stop: silence, cont: silence } });
    const { client, server } = peer;
    const pending = Promise.allSettled([client.execute('stop', {}), client.execute('cont', {})]);
    await server.command('cont');
    server.close();
    for (const outcome of await pending) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'connection_lost' } });
    }
    await expect(client.execute('cont', {})).rejects.toMatchObject({ code: 'connection_lost' });
  });

  test('an aborted signal sends nothing', async () => {
    using peer = await connected();
    const signal = AbortSignal.abort();
    await expect(peer.client.execute('cont', {}, { signal })).rejects.toMatchObject({ code: 'aborted' });
    expect(peer.server.received.map((command) => command.execute)).toEqual(['qmp_capabilities']);
  });
});

describe('QmpClient.events', () => {
  test('every listener gets all events that it names, in order', async () => {
    using peer = await connected();
    const names = ['STOP', 'RESUME'] as const;
    const listeners = [peer.client.events(names), peer.client.events(names)];
    peer.server.emit('STOP');
    peer.server.emit('RESET', { guest: true, reason: 'guest-reset' });
    peer.server.emit('RESUME');
    for (const listener of listeners) {
      expect((await listener.next()).value).toMatchObject({ event: 'STOP' });
      expect((await listener.next()).value).toMatchObject({ event: 'RESUME' });
    }
  });

  test('a listener that does not listen delays no answer and loses only itself', async () => {
    using peer = await connected();
    const asleep = peer.client.events(['STOP', 'RESUME']);
    for (let count = 0; count < 300; count += 1) peer.server.emit('STOP');
    expect(await peer.client.execute('cont', {})).toEqual({});
    let delivered = 0;
    const drain = async () => {
      for await (const event of asleep) delivered += event.event === 'STOP' ? 1 : 0;
    };
    await expect(drain()).rejects.toMatchObject({ code: 'event_overflow' });
    expect(delivered).toBe(256);
  });

  test('the end of the connection ends the iteration with the reason', async () => {
    using peer = await connected();
    const next = expect(peer.client.events(['STOP']).next()).rejects.toMatchObject({
      code: 'connection_lost',
    });
    peer.server.close();
    await next;
  });

  test.for([
    { when: 'fires', abort: (controller: AbortController) => setImmediate(() => controller.abort()) },
    { when: 'has fired', abort: (controller: AbortController) => controller.abort() },
  ])('the subscription ends when the signal $when', async ({ abort }) => {
    using peer = await connected();
    const controller = new AbortController();
    abort(controller);
    const events = peer.client.events(['STOP'], controller.signal);
    expect(await events.next()).toEqual({ value: undefined, done: true });
    expect(await peer.client.execute('cont', {})).toEqual({});
  });

  test('leaving the loop ends the subscription', async () => {
    using peer = await connected();
    const events = peer.client.events(['STOP']);
    peer.server.emit('STOP');
    for await (const event of events) {
      expect(event.event).toBe('STOP');
      break;
    }
    expect(await events.next()).toEqual({ value: undefined, done: true });
  });
});
