// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { createServer } from 'node:net';

/** A connection starts with what is wanted: a letter, a count, a size. */
export const orderBytes = 9;

/** First byte of an order: give back what comes. */
export const echoOrder = 'e'.charCodeAt(0);

/** First byte of an order: send `count` times `size` bytes. */
export const downloadOrder = 'd'.charCodeAt(0);

/** Serves both orders on a unix socket. */
export async function rawServer(socketPath: string): Promise<AsyncDisposable> {
  const server = createServer((socket) => {
    socket.once('readable', () => void follow(socket));
  });
  server.listen(socketPath);
  await once(server, 'listening');
  return server;
}

async function follow(socket: Socket): Promise<void> {
  const order: unknown = socket.read(orderBytes);
  if (!Buffer.isBuffer(order)) throw new Error('the order was cut in pieces');
  if (order[0] === echoOrder) {
    socket.pipe(socket);
    return;
  }
  const data = Buffer.alloc(order.readUInt32BE(5));
  for (let left = order.readUInt32BE(1); left > 0; left--) {
    if (!socket.write(data)) await once(socket, 'drain');
  }
  socket.end();
}
