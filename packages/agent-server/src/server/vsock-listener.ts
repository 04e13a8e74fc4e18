// SPDX-License-Identifier: Apache-2.0
import type { Duplex } from 'node:stream';
import { listenVsock } from '@hako/linux';
import { type Address, anyContextId, type Listener } from '@hako/ttrpc';

/** Connections that come before the server takes them. */
const maxWaiting = 128;

/** Listens on a vsock address in the way a ttRPC server wants it. */
export function listenOnVsock(address: Address): Promise<Listener> {
  if (address.scheme !== 'vsock')
    return Promise.reject(new TypeError(`not a vsock address: ${address.scheme}`));
  const waiting: Duplex[] = [];
  let take: ((stream: Duplex) => void) | undefined;
  const socket = listenVsock({
    port: address.port,
    cid: address.contextId === anyContextId ? anyContextId : address.contextId,
    onConnection: (stream) => {
      if (take !== undefined) take(stream);
      else if (waiting.length < maxWaiting) waiting.push(stream);
      else stream.destroy();
    },
  });
  const close = async () => {
    for (const stream of waiting.splice(0)) stream.destroy();
    await socket.close();
  };
  return Promise.resolve({
    address,
    onConnection(taker) {
      take = taker;
      for (const stream of waiting.splice(0)) taker(stream);
    },
    close,
    [Symbol.asyncDispose]: close,
  });
}
