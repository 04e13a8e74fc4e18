// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events';
import { connect, createServer, type Server } from 'node:net';
import { duplexPair, type Duplex } from 'node:stream';

/** How the host's end of the agent channel comes about: in memory, or over a unix socket as with a real driver. */
export type FakeAgentTransport = 'memory' | 'socket';

/** One agent port; each connection's far end is handed to the scripted guest. */
export interface FakeAgentPort extends AsyncDisposable {
  connect(signal: AbortSignal): Promise<Duplex>;
}

/** Opens a port whose guest ends arrive at `onGuestEnd`. A socket port listens at `path` until disposed. */
export async function openFakeAgentPort(
  transport: FakeAgentTransport,
  path: string,
  onGuestEnd: (stream: Duplex) => void,
): Promise<FakeAgentPort> {
  return transport === 'memory' ? openMemoryPort(onGuestEnd) : await openSocketPort(path, onGuestEnd);
}

function openMemoryPort(onGuestEnd: (stream: Duplex) => void): FakeAgentPort {
  const ends = new Set<Duplex>();
  return {
    connect() {
      const [host, guest] = duplexPair();
      for (const end of [host, guest]) ends.add(end);
      // As with a socket, the end of one side is the end of the other.
      host.once('close', () => guest.destroy());
      guest.once('close', () => host.destroy());
      onGuestEnd(guest);
      return Promise.resolve(host);
    },
    [Symbol.asyncDispose]() {
      for (const end of ends) end.destroy();
      return Promise.resolve();
    },
  };
}

async function openSocketPort(path: string, onGuestEnd: (stream: Duplex) => void): Promise<FakeAgentPort> {
  const ends = new Set<Duplex>();
  const server: Server = createServer((socket) => {
    ends.add(socket);
    socket.on('error', () => socket.destroy());
    onGuestEnd(socket);
  });
  server.listen(path);
  await once(server, 'listening');
  return {
    async connect(signal) {
      const socket = connect(path);
      try {
        await once(socket, 'connect', { signal });
      } catch (error) {
        socket.destroy();
        throw error;
      }
      // A guest that ends with something unread breaks the connection; that is told by the machine.
      socket.on('error', () => undefined);
      return socket;
    },
    async [Symbol.asyncDispose]() {
      for (const end of ends) end.destroy();
      const closed = once(server, 'close');
      server.close();
      await closed;
    },
  };
}
