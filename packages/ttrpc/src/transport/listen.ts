// SPDX-License-Identifier: Apache-2.0
import type { ListenOptions as NetListenOptions, Socket } from 'node:net';
import { createServer as createNetServer } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Address } from '../address/address.ts';
import { formatAddress, toAddress } from '../address/address.ts';
import { TtrpcError } from '../ttrpc-error.ts';
import type { Listener } from './listener.ts';

/** Listens on an address of a scheme this package cannot bind itself. */
export type ListenerFactory = (address: Address) => Promise<Listener>;

/** How {@link listen} goes about it. */
export interface ListenOptions {
  /** Listeners by scheme; they go before the built-in ones, which are `unix` and `tcp`. */
  readonly listeners?: Partial<Record<Address['scheme'], ListenerFactory>>;
}

/** Connections that wait for `onConnection`; more are closed. */
const maxWaiting = 128;

/**
 * Binds an address. A unix socket's file must not exist; it is removed when the listener closes.
 * @throws {@link TtrpcError} `invalid_address`, `listen_failed`.
 */
export async function listen(where: Address | string, options: ListenOptions = {}): Promise<Listener> {
  const address = toAddress(where);
  const factory = options.listeners?.[address.scheme];
  if (factory !== undefined) return factory(address);
  switch (address.scheme) {
    case 'unix':
      return listenSocket(address, { path: address.abstract ? `\0${address.path}` : address.path });
    case 'tcp':
      return listenSocket(address, { host: address.host, port: address.port });
    case 'vsock':
    case 'hvsock':
    case 'serial':
      throw new TtrpcError('listen_failed', `no listener for ${formatAddress(address)} was given`);
  }
}

async function listenSocket(address: Address, where: NetListenOptions): Promise<Listener> {
  const waiting: Duplex[] = [];
  let take: ((stream: Duplex) => void) | undefined;
  const server = createNetServer({ noDelay: true }, (socket: Socket) => {
    if (take !== undefined) take(socket);
    else if (waiting.length < maxWaiting) waiting.push(socket);
    else socket.destroy();
  });
  await new Promise<void>((resolve, reject) => {
    const onError = (cause: Error): void => {
      reject(
        new TtrpcError('listen_failed', `cannot listen on ${formatAddress(address)}: ${cause.message}`, {
          cause,
        }),
      );
    };
    server.once('error', onError);
    server.listen(where, () => {
      server.off('error', onError);
      resolve();
    });
  });
  const bound = server.address();
  const port = typeof bound === 'object' && bound !== null ? bound.port : undefined;
  let closed: Promise<void> | undefined;
  const close = (): Promise<void> =>
    (closed ??= new Promise((resolve) => {
      for (const stream of waiting.splice(0)) stream.destroy();
      // `close` calls back when all connections are gone; the address is free at once.
      server.close();
      server.unref();
      resolve();
    }));
  return {
    address: address.scheme === 'tcp' && port !== undefined ? { ...address, port } : address,
    onConnection(taker) {
      take = taker;
      for (const stream of waiting.splice(0)) taker(stream);
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}
