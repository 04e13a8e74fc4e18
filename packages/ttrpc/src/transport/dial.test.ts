// SPDX-License-Identifier: Apache-2.0
import { randomUUID } from 'node:crypto';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { createMemoryPair, dial, listen } from '../index.ts';

async function temporaryDirectory() {
  const path = await mkdtemp(join(tmpdir(), 'ttrpc-dial-'));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true }) };
}

/** A far end that answers the first line it reads in its own way. */
async function hybridHost(path: string, answer: (line: string, socket: Duplex) => void) {
  const listener = await listen(`unix://${path}`);
  const sockets: Duplex[] = [];
  listener.onConnection((socket) => {
    sockets.push(socket);
    socket.on('error', () => undefined);
    socket.once('data', (line: Buffer) => answer(line.toString(), socket));
  });
  return {
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await listener.close();
    },
  };
}

describe('dial', () => {
  test.each([
    'unix:///nowhere/at/all',
    `unix://@nobody-${randomUUID()}`,
    'tcp://127.0.0.1:1',
    'vsock://3:1024',
  ])('%s fails as dial_failed and names the address', async (address) => {
    const error: unknown = await dial(address).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code: 'dial_failed', message: expect.stringContaining(address) as string });
  });

  test('an address that cannot be read is invalid_address', async () => {
    await expect(dial('nonsense')).rejects.toMatchObject({ code: 'invalid_address' });
  });

  test('repeats failed attempts while it is told to, until the peer is there', async () => {
    const address = `unix://@ttrpc-late-${randomUUID()}`;
    const dialing = dial(address, { retryUntilMs: 10_000 });
    await new Promise((resolve) => setImmediate(resolve));
    await using listener = await listen(address);
    listener.onConnection((stream) => stream.destroy());
    (await dialing).destroy();
  });

  test('an aborted signal rejects with its reason, while dialing and before', async () => {
    const reason = new Error('enough');
    const abort = new AbortController();
    const dialing = dial(`unix://@nobody-${randomUUID()}`, { retryUntilMs: 10_000, signal: abort.signal });
    setImmediate(() => abort.abort(reason));
    await expect(dialing).rejects.toBe(reason);
    await expect(dial('tcp://127.0.0.1:1', { signal: abort.signal })).rejects.toBe(reason);
  });

  test('a dialer for the scheme is asked, and its time is limited', async () => {
    const [near] = createMemoryPair();
    expect(await dial('vsock://3:1024', { dialers: { vsock: () => Promise.resolve(near) } })).toBe(near);
    const silent = dial('vsock://3:1024', {
      timeoutMs: 20,
      dialers: {
        vsock: (_address, { signal }) =>
          new Promise((_resolve, reject) =>
            signal.addEventListener('abort', () => reject(new Error('stopped'))),
          ),
      },
    });
    await expect(silent).rejects.toMatchObject({ code: 'dial_timeout' });
  });

  test('serial connects to the socket behind the port', async () => {
    await using directory = await temporaryDirectory();
    const path = join(directory.path, 'port');
    await using listener = await listen(`unix://${path}`);
    const accepted = new Promise<Duplex>((resolve) => listener.onConnection(resolve));
    const stream = await dial(`serial://${path}`);
    (await accepted).end('hello');
    const [chunk] = (await stream.toArray()) as Buffer[];
    expect(chunk?.toString()).toBe('hello');
  });
});

describe('hybrid vsock', () => {
  test('sends CONNECT with the port, takes the OK line, and keeps what comes behind it', async () => {
    await using directory = await temporaryDirectory();
    const path = join(directory.path, 'v.sock');
    const lines: string[] = [];
    await using host = await hybridHost(path, (line, socket) => {
      lines.push(line);
      socket.end('OK 1073741824\nfirst bytes');
    });
    expect(host).toBeDefined();
    const stream = await dial(`hvsock://${path}:1024`);
    expect(Buffer.concat((await stream.toArray()) as Buffer[]).toString()).toBe('first bytes');
    expect(lines).toEqual(['CONNECT 1024\n']);
  });

  test('takes a line that arrives byte by byte', async () => {
    await using directory = await temporaryDirectory();
    const path = join(directory.path, 'v.sock');
    await using host = await hybridHost(path, (_line, socket) => {
      const bytes = ['O', 'K', ' ', '5', '\n'];
      const next = (): void => {
        const byte = bytes.shift();
        if (byte !== undefined) socket.write(byte, () => setImmediate(next));
      };
      next();
    });
    expect(host).toBeDefined();
    (await dial(`hvsock://${path}:5`)).destroy();
  });

  test.each([
    ['a refusal', 'NO\n'],
    ['a line that only begins like OK', 'OKAY\n'],
    ['a line without end', 'OK '.padEnd(100_000, '1')],
  ])('%s is dial_failed', async (_name, answer) => {
    await using directory = await temporaryDirectory();
    const path = join(directory.path, 'v.sock');
    await using host = await hybridHost(path, (_line, socket) => socket.write(answer));
    expect(host).toBeDefined();
    await expect(dial(`hvsock://${path}:1024`)).rejects.toMatchObject({ code: 'dial_failed' });
  });

  test.each([
    ['closes', 'dial_failed', {}, (socket: Duplex) => socket.destroy()],
    ['is silent', 'dial_timeout', { timeoutMs: 50 }, () => undefined],
  ])('a peer that %s is %s', async (_name, code, options, answer) => {
    await using directory = await temporaryDirectory();
    const path = join(directory.path, 'v.sock');
    await using host = await hybridHost(path, (_line, socket) => answer(socket));
    expect(host).toBeDefined();
    await expect(dial(`hvsock://${path}:1024`, options)).rejects.toMatchObject({ code });
  });
});

describe('listen', () => {
  test('a path that exists is listen_failed, and the file stays', async () => {
    await using directory = await temporaryDirectory();
    const path = join(directory.path, 'taken');
    await writeFile(path, '');
    await expect(listen(`unix://${path}`)).rejects.toMatchObject({ code: 'listen_failed' });
    expect(await readdir(directory.path)).toEqual(['taken']);
  });

  test('closing removes the socket, keeps accepted connections, and may be repeated', async () => {
    await using directory = await temporaryDirectory();
    const listener = await listen(`unix://${join(directory.path, 'socket')}`);
    const accepted = new Promise<Duplex>((resolve) => listener.onConnection(resolve));
    const near = await dial(listener.address);
    const far = await accepted;
    await listener.close();
    await listener.close();
    expect(await readdir(directory.path)).toEqual([]);
    far.end('still here');
    expect(Buffer.concat((await near.toArray()) as Buffer[]).toString()).toBe('still here');
  });

  test('connections that came before they were wanted are kept, and closed with the listener', async () => {
    const listener = await listen('tcp://127.0.0.1:0');
    const near = await dial(listener.address);
    const far = await new Promise<Duplex>((resolve) => {
      setImmediate(() => listener.onConnection(resolve));
    });
    near.end();
    far.destroy();
    await listener.close();
  });

  test('tcp tells the port the system chose', async () => {
    await using listener = await listen('tcp://127.0.0.1:0');
    expect(listener.address).toMatchObject({
      scheme: 'tcp',
      port: expect.toSatisfy((port: number) => port > 0) as number,
    });
  });

  test.each(['vsock://-1:1024', 'serial:///x', 'hvsock:///x:1'])(
    '%s needs a listener of its own',
    async (address) => {
      await expect(listen(address)).rejects.toMatchObject({ code: 'listen_failed' });
    },
  );
});
