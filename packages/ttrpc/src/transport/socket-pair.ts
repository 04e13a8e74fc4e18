// SPDX-License-Identifier: Apache-2.0
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { createServer as createNetServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectSocket } from './connect-socket.ts';

/** Two ends of one connection; disposing destroys both. */
export type SocketPair = [Socket, Socket] & AsyncDisposable;

/** Makes two unix sockets that are connected to each other through the kernel. Nothing is left in the file system. */
export async function createSocketPair(): Promise<SocketPair> {
  // Abstract names exist on Linux only; elsewhere a directory of our own keeps strangers out.
  const directory = process.platform === 'linux' ? undefined : await mkdtemp(join(tmpdir(), 'ttrpc-'));
  const path = directory === undefined ? `\0ttrpc-pair-${randomUUID()}` : join(directory, 's');
  const server = createNetServer();
  try {
    const accepted = new Promise<Socket>((resolve, reject) => {
      server.once('connection', resolve);
      server.once('error', reject);
    });
    await new Promise<void>((resolve) => server.listen({ path, backlog: 1 }, resolve));
    const near = await connectSocket({ path }, new AbortController().signal);
    const far = await accepted;
    return Object.assign<[Socket, Socket], AsyncDisposable>([near, far], {
      [Symbol.asyncDispose]: async () => {
        await Promise.all([destroyed(near), destroyed(far)]);
      },
    });
  } finally {
    server.close();
    if (directory !== undefined) await rm(directory, { recursive: true, force: true });
  }
}

function destroyed(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    if (socket.closed) {
      resolve();
      return;
    }
    socket.once('close', () => resolve());
    socket.destroy();
  });
}
