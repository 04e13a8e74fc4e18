// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events';
import type { Duplex } from 'node:stream';
import { text } from 'node:stream/consumers';
import { LinuxError, type listenVsock } from '@hako/linux';
import { createSocketPair } from '@hako/ttrpc';
import { Status } from 'nice-grpc-common';
import { describe, expect, test } from 'vitest';
import { startCrunAgent, startFakeAgent, whyNoContainers } from '../testing/agent-harness.ts';
import { readAll, sleeper } from '../testing/ready-sandbox.ts';
import { refusal } from '../testing/refusal.ts';
import { createRequest, execRequest } from '../testing/test-spec.ts';
import { listenForStreams } from './listen-for-streams.ts';
import { createPassedConnections, type PassedConnections } from './passed-connections.ts';
import { takeStreams } from './passed-streams.ts';

const signal = new AbortController().signal;
const noContainers = whyNoContainers();

/** A connection: the host's end, and the agent's filed under a port. */
async function dial(connections: PassedConnections, port: number): Promise<Duplex> {
  const [host, guest] = await createSocketPair();
  connections.add(port, guest);
  return host;
}

const agents = [
  { title: 'with a fake runtime', skip: false, start: startFakeAgent },
  {
    title: noContainers === undefined ? 'with crun' : `with crun (skipped: ${noContainers})`,
    skip: noContainers !== undefined,
    start: startCrunAgent,
  },
] as const;

describe.each(agents)('standard streams over connections of the host $title', ({ skip, start }) => {
  async function startWith(connections: PassedConnections) {
    return await start({ components: { passedConnections: connections } });
  }

  test.skipIf(skip)('carry input and output, and end with them', async () => {
    using connections = createPassedConnections();
    await using harness = await startWith(connections);
    const { client } = harness;
    const [stdin, stdout] = [await dial(connections, 11), await dial(connections, 12)];
    const request = createRequest('c1', harness.rootfs, ['cat']);
    await client.createContainer({ ...request, stdinPort: 11, stdoutPort: 12 });
    await client.startContainer({ containerId: 'c1' });
    stdin.end('over a connection\n');
    expect(await text(stdout)).toBe('over a connection\n');
    expect(await client.waitProcess({ containerId: 'c1' })).toEqual({ status: 0 });
  });

  test.skipIf(skip)('carry both outputs of a further process, each on its own', async () => {
    using connections = createPassedConnections();
    await using harness = await startWith(connections);
    const { client } = harness;
    await client.createContainer(createRequest('c1', harness.rootfs, sleeper));
    await client.startContainer({ containerId: 'c1' });
    const outputs = [await dial(connections, 21), await dial(connections, 22)];
    const request = execRequest('c1', 'e1', ['sh', '-c', 'echo out\necho err >&2\nexit 3']);
    await client.execProcess({ ...request, stdoutPort: 21, stderrPort: 22 });
    expect(await Promise.all(outputs.map(text))).toEqual(['out\n', 'err\n']);
    expect(await client.waitProcess({ containerId: 'c1', execId: 'e1' })).toEqual({ status: 3 });
  });

  test.skipIf(skip)('are refused to the RPCs, which keep those that were not passed', async () => {
    using connections = createPassedConnections();
    await using harness = await startWith(connections);
    const { client } = harness;
    const [stdin, stdout] = [await dial(connections, 1), await dial(connections, 2)];
    const request = createRequest('c1', harness.rootfs, ['sh', '-c', 'echo err >&2\ncat']);
    await client.createContainer({ ...request, stdinPort: 1, stdoutPort: 2, stderrPort: 3 });
    await client.startContainer({ containerId: 'c1' });
    const named = { containerId: 'c1', len: 10 };
    await expect(client.readStdout(named)).rejects.toMatchObject(refusal(Status.INTERNAL, 'no stdout'));
    await expect(client.writeStdin({ ...named, data: Buffer.from('x') })).rejects.toMatchObject(
      refusal(Status.INTERNAL, 'no stdin'),
    );
    const errors = readAll(harness, named, 'readStderr');
    stdin.end();
    expect(await errors).toBe('err\n');
    expect(await text(stdout)).toBe('');
  });

  test.skipIf(skip)('are closed when the call that named them fails', async () => {
    using connections = createPassedConnections();
    await using harness = await startWith(connections);
    const host = await dial(connections, 5);
    const request = execRequest('nope', 'e1', ['true']);
    await expect(harness.client.execProcess({ ...request, stdinPort: 5 })).rejects.toMatchObject({
      code: Status.INTERNAL,
    });
    await once(host.resume(), 'close');
  });

  test.skipIf(skip)(
    'are closed when the process is forgotten, though the host might write more',
    async () => {
      using connections = createPassedConnections();
      await using harness = await startWith(connections);
      const { client } = harness;
      const stdin = await dial(connections, 1);
      const request = createRequest('c1', harness.rootfs, ['sh', '-c', 'exit 4']);
      await client.createContainer({ ...request, stdinPort: 1 });
      await client.startContainer({ containerId: 'c1' });
      expect(await client.waitProcess({ containerId: 'c1' })).toEqual({ status: 4 });
      await once(stdin.resume(), 'close');
    },
  );
});

test('a wait for the end of a process lasts until the host has taken its output', async () => {
  using connections = createPassedConnections();
  await using harness = await startFakeAgent({ components: { passedConnections: connections } });
  const { client, runtime } = harness;
  const stdout = await dial(connections, 2);
  await client.createContainer({ ...createRequest('c1', harness.rootfs, sleeper), stdoutPort: 2 });
  await client.startContainer({ containerId: 'c1' });
  const init = runtime.containers.get('c1')!.init;
  const allBytes = 4 * 1024 * 1024;
  // More than the buffers of the socket hold: what is in them is the host's.
  const bufferBytes = 1024 * 1024;
  await init.stdout.write(Buffer.alloc(allBytes, 'x'));
  init.end({ exitCode: 7 });
  let takenBytes = 0;
  const waited = client.waitProcess({ containerId: 'c1' }).then(() => takenBytes);
  await harness.health.check({});
  stdout.on('data', (bytes: Buffer) => (takenBytes += bytes.length));
  await once(stdout, 'end');
  expect(await waited).toBeGreaterThan(allBytes - bufferBytes);
  expect(takenBytes).toBe(allBytes);
});

test('a process whose output nobody takes any more is told as by a closed pipe', async () => {
  using connections = createPassedConnections();
  await using harness = await startFakeAgent({ components: { passedConnections: connections } });
  const { client, runtime } = harness;
  const stdout = await dial(connections, 2);
  await client.createContainer({ ...createRequest('c1', harness.rootfs, sleeper), stdoutPort: 2 });
  await client.startContainer({ containerId: 'c1' });
  const init = runtime.containers.get('c1')!.init;
  stdout.destroy();
  await expect
    .poll(() =>
      init.stdout.write(Buffer.from('x')).then(
        () => 'taken',
        (error: unknown) => error,
      ),
    )
    .toMatchObject({ code: 'EPIPE' });
});

describe('connections that wait', () => {
  test('are found by a request that was a little sooner', async () => {
    using connections = createPassedConnections();
    const [host, guest] = await createSocketPair();
    const taken = connections.take(7, signal);
    connections.add(7, guest);
    expect(await taken).toBe(guest);
    host.destroy();
    guest.destroy();
  });

  test('are given up after three looks', async () => {
    using connections = createPassedConnections();
    expect(await connections.take(7, signal)).toBeUndefined();
  });

  test('give way to a later one of the same port, and to others beyond their number', async () => {
    using connections = createPassedConnections();
    const former = await dial(connections, 7);
    const later = await dial(connections, 7);
    await once(former.resume(), 'close');
    for (let port = 1000; port < 1127; port += 1) await dial(connections, port);
    expect(later.destroyed).toBe(false);
    await dial(connections, 2000);
    await once(later.resume(), 'close');
  });

  test('are closed when the request is given up while it waits for another one', async () => {
    using connections = createPassedConnections();
    const host = await dial(connections, 7);
    const call = new AbortController();
    const taking = takeStreams(connections, { stdinPort: 7, stdoutPort: 8, stderrPort: 0 }, call.signal);
    call.abort();
    await expect(taking).rejects.toThrow('aborted');
    await once(host.resume(), 'close');
  });

  test('are not taken when they have broken', async () => {
    using connections = createPassedConnections();
    const [host, guest] = await createSocketPair();
    connections.add(9, guest);
    host.destroy();
    guest.destroy(new Error('broken'));
    expect(await connections.take(9, signal)).toBeUndefined();
  });
});

describe('the listener', () => {
  const log: string[] = [];
  const ignore = () => undefined;
  const logger = {
    ...{ debug: ignore, info: ignore, warn: ignore },
    error: (_fields: object, message: string) => void log.push(message),
  };

  test('files connections under the number of the host', async () => {
    const closed = Promise.withResolvers<string>();
    let connect: Parameters<typeof listenVsock>[0]['onConnection'] = ignore;
    const connections = listenForStreams(1027, logger, ({ port, onConnection }) => {
      connect = onConnection;
      const close = () => {
        closed.resolve(`${port} closed`);
        return Promise.resolve();
      };
      return { address: { cid: 3, port: 1027 }, close, [Symbol.asyncDispose]: close };
    })!;
    const [host, guest] = await createSocketPair();
    connect(guest, { cid: 2, port: 4711 });
    expect(await connections.take(4711, signal)).toBe(guest);
    connections[Symbol.dispose]();
    expect(await closed.promise).toBe('1027 closed');
    host.destroy();
  });

  test('is done without where there is no vsock', () => {
    const refuse: typeof listenVsock = () => {
      throw new LinuxError({ code: 'EAFNOSUPPORT', syscall: 'socket', operand: 'vsock' });
    };
    expect(listenForStreams(1027, logger, refuse)).toBeUndefined();
    expect(log).toEqual(['streams of hosts cannot be listened for']);
  });
});
