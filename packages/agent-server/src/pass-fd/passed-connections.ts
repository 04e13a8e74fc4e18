// SPDX-License-Identifier: Apache-2.0
import type { Duplex } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';

/** Connections that nobody asks for are let go beyond this number, the oldest first. */
const maxWaiting = 128;
/** A request may overtake the connection it names. As upstream: three looks, 100 ms apart. */
const looks = 3;
const pauseMs = 100;

/** Connections on which the host waits for the standard streams of processes it is about to start. */
export interface PassedConnections extends Disposable {
  /** Files a connection under the host's port number; a former one of that number is let go. */
  add(peerPort: number, connection: Duplex): void;
  /** Takes one out, waiting a little for it; undefined when it does not come. */
  take(peerPort: number, signal: AbortSignal): Promise<Duplex | undefined>;
}

/** An empty {@link PassedConnections}. */
export function createPassedConnections(): PassedConnections {
  const waiting = new Map<number, Duplex>();

  function takeNow(peerPort: number): Duplex | undefined {
    const connection = waiting.get(peerPort);
    waiting.delete(peerPort);
    return connection?.destroyed === true ? undefined : connection;
  }

  return {
    add(peerPort, connection) {
      takeNow(peerPort)?.destroy();
      // One that breaks while it waits must not end the agent; whoever takes it sees that it is destroyed.
      connection.on('error', () => undefined);
      waiting.set(peerPort, connection);
      if (waiting.size <= maxWaiting) return;
      const [oldest] = waiting.keys();
      if (oldest !== undefined) takeNow(oldest)?.destroy();
    },
    async take(peerPort, signal) {
      for (let look = 1; ; look += 1) {
        const connection = takeNow(peerPort);
        if (connection !== undefined || look === looks) return connection;
        await delay(pauseMs, undefined, { signal });
      }
    },
    [Symbol.dispose]() {
      for (const connection of waiting.values()) connection.destroy();
      waiting.clear();
    },
  };
}
