// SPDX-License-Identifier: Apache-2.0
import type { Duplex } from 'node:stream';
import { createChannel } from '../client/channel.ts';
import { createClient } from '../client/client.ts';
import type { Client } from '../client/client-types.ts';
import type { Proxy, ProxyLimits } from '../proxy/proxy.ts';
import { createProxy } from '../proxy/proxy.ts';
import { createServer } from '../server/server.ts';
import { createMemoryPair } from '../transport/memory-pair.ts';
import type { EchoServiceImplementation } from './echo-definition.ts';
import { EchoDefinition, echoService } from './echo-definition.ts';

/** An echo server behind a proxy; disposing ends both. */
export interface ProxyPair extends AsyncDisposable {
  readonly proxy: Proxy;
  /** Connects one more client to the proxy. */
  connect(): Client<typeof EchoDefinition>;
}

/** Puts a proxy in front of an echo server, some of whose methods are replaced. */
export function createProxyPair(
  methods: Partial<EchoServiceImplementation> = {},
  pair: readonly [Duplex, Duplex] = createMemoryPair(),
  limits: Partial<ProxyLimits> = {},
): ProxyPair {
  const server = createServer().add(EchoDefinition, { ...echoService, ...methods });
  server.serve(pair[1]);
  const proxy = createProxy({ upstream: pair[0], limits });
  return {
    proxy,
    connect: () => createClient(EchoDefinition, createChannel(proxy.stream())),
    async [Symbol.asyncDispose]() {
      await proxy[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
    },
  };
}
