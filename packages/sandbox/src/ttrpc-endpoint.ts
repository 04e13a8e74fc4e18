// SPDX-License-Identifier: Apache-2.0
import type { Duplex } from 'node:stream';

import { createAgentClient, type OutputPortAccess } from '@hako/agent-client';
import { createChannel, createProxy, listen } from '@hako/ttrpc';

import type { AgentEndpoint } from './agent-endpoint.ts';

/**
 * Speaks ttRPC to the agent. The stream carries one connection, so this process's own client goes through the same
 * proxy as the clients of other processes do.
 * @param stream a connected stream to the agent; owned from now on
 * @param outputPort what much output of processes may come over
 */
export function connectTtrpcAgent(stream: Duplex, outputPort?: OutputPortAccess): AgentEndpoint {
  const proxy = createProxy({ upstream: stream });
  const client = createAgentClient({
    channel: createChannel(proxy.stream()),
    ...(outputPort && { outputPort }),
  });
  let listening: { close(): Promise<void> } | undefined;
  return {
    agent: client,
    async serve(socketPath) {
      const listener = await listen(`unix://${socketPath}`);
      listening = listener;
      listener.onConnection((connection) => proxy.serve(connection));
    },
    async close() {
      await listening?.close();
      client.abort();
      await proxy[Symbol.asyncDispose]();
      stream.destroy();
    },
  };
}
