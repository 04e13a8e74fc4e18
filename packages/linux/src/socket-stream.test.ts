// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events';
import { randomBytes } from 'node:crypto';
import { createConnection, createServer } from 'node:net';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { describe, expect, test } from 'vitest';
import { acceptConnections } from './accept-connections.ts';
import { connectSocket } from './connect-socket.ts';
import { invoke } from './ffi/invoke.ts';
import type { Libc } from './ffi/libc.ts';
import { openSocket, socketFamilies, socketTypes } from './socket.ts';
import { createSocketStream } from './socket-stream.ts';
import { backends } from './testing/backends.ts';
import { temporaryDirectory } from './testing/temporary-directory.ts';

// AF_UNIX stands in for AF_VSOCK, which most machines cannot loop back: everything but the address is the same code.
function unixAddress(path: string): Uint8Array {
  return Buffer.concat([Uint8Array.of(socketFamilies.unix, 0), Buffer.from(path), Uint8Array.of(0)]);
}

async function dial(path: string, libc: Libc): Promise<Duplex> {
  const fd = openSocket(socketFamilies.unix, socketTypes.stream, 0, libc);
  await connectSocket(fd, unixAddress(path), path, {}, libc);
  return createSocketStream(fd, libc);
}

function listen(path: string, libc: Libc, onConnection: (stream: Duplex) => void): Disposable {
  const fd = openSocket(socketFamilies.unix, socketTypes.stream, 0, libc);
  const address = unixAddress(path);
  invoke(libc, path, 'bind', fd, address, address.length);
  invoke(libc, path, 'listen', fd, 128);
  return acceptConnections(fd, {
    operand: path,
    peerBytes: 110,
    onConnection,
    onError: (error) => expect.fail(error.message),
    libc,
  });
}

describe.each(backends)('a socket stream through $title', ({ missing, load }) => {
  test.skipIf(missing)('8 MiB go there and back through Node’s own server, with half-close', async () => {
    using directory = temporaryDirectory();
    const path = join(directory.path, 's');
    const server = createServer({ allowHalfOpen: true }, (socket) => socket.pipe(socket)).listen(path);
    await once(server, 'listening');
    const stream = await dial(path, load());
    const bytes = randomBytes(8 * 1024 * 1024);
    stream.end(bytes);
    expect((await buffer(stream)).equals(bytes)).toBe(true);
    server.close();
  });

  test.skipIf(missing)('100 clients of Node’s own are accepted and served', async () => {
    using directory = temporaryDirectory();
    const path = join(directory.path, 's');
    using stack = new DisposableStack();
    stack.use(listen(path, load(), (stream) => stream.pipe(stream)));
    const answers = await Promise.all(
      Array.from({ length: 100 }, async (_unused, index) => {
        const client = createConnection({ path, allowHalfOpen: true });
        client.end(`client ${index}`);
        return (await buffer(client)).toString();
      }),
    );
    expect(answers).toEqual(answers.map((_unused, index) => `client ${index}`));
  });

  test.skipIf(missing)('small writes of one tick travel in order', async () => {
    using directory = temporaryDirectory();
    const path = join(directory.path, 's');
    const libc = load();
    using stack = new DisposableStack();
    stack.use(listen(path, libc, (stream) => stream.pipe(stream)));
    const stream = await dial(path, libc);
    const words = Array.from({ length: 5000 }, (_unused, index) => `${index},`);
    for (const word of words) stream.write(word);
    stream.end();
    expect((await buffer(stream)).toString()).toBe(words.join(''));
  });

  test.skipIf(missing)('destroying one end ends the other', async () => {
    using directory = temporaryDirectory();
    const path = join(directory.path, 's');
    const libc = load();
    using stack = new DisposableStack();
    stack.use(listen(path, libc, (stream) => stream.destroy()));
    const stream = await dial(path, libc);
    stream.resume();
    await once(stream, 'end');
    stream.destroy();
    expect(stream.destroyed).toBe(true);
  });

  test.skipIf(missing)('a refused connection has the kernel’s code', async () => {
    await expect(dial('/nonexistent/s', load())).rejects.toMatchObject({
      code: 'ENOENT',
      syscall: 'connect',
    });
  });
});
