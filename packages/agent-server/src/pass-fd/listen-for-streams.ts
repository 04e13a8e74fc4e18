// SPDX-License-Identifier: Apache-2.0
import { listenVsock } from '@hako/linux';
import type { Logger } from '../logging/logger.ts';
import { createPassedConnections, type PassedConnections } from './passed-connections.ts';

/**
 * Listens for connections that are to be standard streams, on a port of vsock: `agent.passfd_listener_port`. A guest that
 * has no vsock is worth more without than none.
 *
 * @returns undefined when it cannot
 */
export function listenForStreams(
  port: number,
  logger: Logger,
  listen: typeof listenVsock = listenVsock,
): PassedConnections | undefined {
  const connections = createPassedConnections();
  try {
    const listener = listen({
      port,
      onConnection: (connection, peer) => connections.add(peer.port, connection),
      onError: (error) => logger.error({ error, port }, 'no more streams of hosts'),
    });
    return {
      ...connections,
      [Symbol.dispose]() {
        void listener.close();
        connections[Symbol.dispose]();
      },
    };
  } catch (error) {
    logger.error({ error, port }, 'streams of hosts cannot be listened for');
    return undefined;
  }
}
