// SPDX-License-Identifier: Apache-2.0
import type { Duplex } from 'node:stream';
import type { Channel, ChannelOptions } from '../client/channel.ts';
import { createChannel } from '../client/channel.ts';
import { createClient } from '../client/client.ts';
import type { Client } from '../client/client-types.ts';
import type { Connection, Server, ServerOptions } from '../server/server.ts';
import { createServer } from '../server/server.ts';
import { createMemoryPair } from '../transport/memory-pair.ts';
import type { EchoServiceImplementation } from './echo-definition.ts';
import { EchoDefinition, echoService } from './echo-definition.ts';

/** A client and a server that are connected to each other; disposing ends both. */
export interface EchoPair extends AsyncDisposable {
  readonly server: Server;
  readonly connection: Connection;
  readonly channel: Channel;
  readonly client: Client<typeof EchoDefinition>;
  /** Errors of handlers that no client was told about. */
  readonly handlerErrors: unknown[];
}

/** Connects an echo server, some of its methods replaced, with a client. */
export function createEchoPair(
  methods: Partial<EchoServiceImplementation> = {},
  options: {
    readonly server?: ServerOptions;
    readonly channel?: ChannelOptions;
    readonly pair?: readonly [Duplex, Duplex];
  } = {},
): EchoPair {
  const [near, far] = options.pair ?? createMemoryPair();
  const handlerErrors: unknown[] = [];
  const server = createServer({ onHandlerError: (error) => handlerErrors.push(error), ...options.server });
  server.add(EchoDefinition, { ...echoService, ...methods });
  const connection = server.serve(far);
  const channel = createChannel(near, options.channel);
  return {
    server,
    connection,
    channel,
    client: createClient(EchoDefinition, channel),
    handlerErrors,
    async [Symbol.asyncDispose]() {
      await channel[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
    },
  };
}
