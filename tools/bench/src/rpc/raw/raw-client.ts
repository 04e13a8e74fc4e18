// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { createConnection } from 'node:net';
import type { LoadSpec, Outcome } from '@hako/interop';
import { downloadOrder, echoOrder, orderBytes } from './raw-server.ts';

/** Does a load on a connection of its own. */
export async function rawLoad(socketPath: string, load: LoadSpec): Promise<Omit<Outcome, 'id'>> {
  const socket = createConnection(socketPath);
  await once(socket, 'connect');
  const order = Buffer.alloc(orderBytes);
  order[0] = load.kind === 'echo' ? echoOrder : downloadOrder;
  order.writeUInt32BE(load.count, 1);
  order.writeUInt32BE(load.payloadBytes, 5);
  socket.write(order);
  const start = performance.now();
  const latenciesNs = load.kind === 'echo' ? await echo(socket, load) : await download(socket, load);
  return { elapsedNs: nanosecondsSince(start), latenciesNs };
}

/** Keeps as many messages under way as calls would be; they come back in order. */
async function echo(
  socket: Socket,
  { payloadBytes, count, inFlight, latencies }: LoadSpec,
): Promise<number[]> {
  const message = Buffer.alloc(payloadBytes);
  const starts: number[] = [];
  const latenciesNs: number[] = [];
  let received = 0;
  let done = 0;
  const fill = (): void => {
    socket.cork();
    while (starts.length < count && starts.length - done < inFlight) {
      starts.push(performance.now());
      socket.write(message);
    }
    socket.uncork();
  };
  fill();
  for await (const chunk of socket) {
    if (!Buffer.isBuffer(chunk)) throw new TypeError('the socket gives no bytes');
    received += chunk.length;
    for (; done < Math.floor(received / payloadBytes); done++) {
      const start = starts[done];
      if (latencies && start !== undefined) latenciesNs.push(nanosecondsSince(start));
    }
    if (done === count) break;
    fill();
  }
  return latenciesNs;
}

async function download(socket: Socket, { payloadBytes, count }: LoadSpec): Promise<number[]> {
  let received = 0;
  socket.on('data', (chunk: Buffer) => {
    received += chunk.length;
  });
  await once(socket, 'end');
  if (received !== payloadBytes * count) throw new Error('the stream was short');
  return [];
}

function nanosecondsSince(start: number): number {
  return Math.round((performance.now() - start) * 1e6);
}
