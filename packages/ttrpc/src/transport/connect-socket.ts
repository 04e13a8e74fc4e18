// SPDX-License-Identifier: Apache-2.0
import type { NetConnectOpts, Socket } from 'node:net';
import { connect } from 'node:net';

/** Connects a socket; rejects with the system's error, or with the signal's reason. */
export function connectSocket(where: NetConnectOpts, signal: AbortSignal): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(where);
    const leave = (): void => {
      socket.off('connect', onConnect);
      socket.off('error', onError);
      signal.removeEventListener('abort', onAbort);
    };
    const onConnect = (): void => {
      leave();
      resolve(socket);
    };
    const onError = (error: Error): void => {
      leave();
      reject(error);
    };
    const onAbort = (): void => {
      leave();
      socket.on('error', ignoreLateError);
      socket.destroy();
      reject(signal.reason instanceof Error ? signal.reason : new Error('aborted'));
    };
    socket.on('connect', onConnect);
    socket.on('error', onError);
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort);
  });
}

function ignoreLateError(): void {
  // Nobody waits for this connection any more.
}
