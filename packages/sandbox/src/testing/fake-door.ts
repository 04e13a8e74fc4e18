// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';

/** A real socket at which other processes find a fake agent; what they send is thrown away. */
export class FakeDoor {
  readonly #connections = new Set<Socket>();
  #server: Server | undefined;

  /** Listens. */
  async open(socketPath: string): Promise<void> {
    this.#server = createServer((connection) => {
      this.#connections.add(connection);
      connection.on('error', () => undefined).resume();
    }).listen(socketPath);
    await once(this.#server, 'listening');
  }

  /** Ends all connections. */
  async close(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (server === undefined) return;
    for (const connection of this.#connections) connection.destroy();
    server.close();
    await once(server, 'close');
  }
}
