// SPDX-License-Identifier: Apache-2.0
import { closeSync } from 'node:fs';
import type { Duplex } from 'node:stream';
import { systemError } from './ffi/invoke.ts';
import type { Libc } from './ffi/libc.ts';
import type { LinuxError } from './linux-error.ts';
import { socketFlags } from './socket.ts';
import { createSocketStream } from './socket-stream.ts';

/** What {@link acceptConnections} takes. */
export interface AcceptOptions {
  /** Names the listener in errors. */
  readonly operand: string;
  /** Size of the family's address structure. */
  readonly peerBytes: number;
  readonly onConnection: (stream: Duplex, peer: Uint8Array) => void;
  /** The listener has failed and is closed. */
  readonly onError: (error: LinuxError) => void;
  readonly libc: Libc;
}

/** Connections taken in one turn of the loop, so that a flood of them does not keep everything else waiting. */
const acceptsPerTurn = 16;
/** Out of descriptors or memory: the connection stays in the backlog and is tried again after this time. */
const exhaustedRetryMs = 100;
const exhausted: ReadonlySet<string> = new Set(['EMFILE', 'ENFILE', 'ENOBUFS', 'ENOMEM']);
/** accept(2) reports what happened to the connection meanwhile; the next one is not concerned. */
const passing: ReadonlySet<string> = new Set(['ECONNABORTED', 'EINTR', 'EPROTO', 'ECONNRESET']);

/** Takes over a listening, non-blocking socket and accepts until disposed. */
export function acceptConnections(
  fd: number,
  { operand, peerBytes, onConnection, onError, libc }: AcceptOptions,
): Disposable {
  const poll = libc.poller.open(fd);
  let retry: NodeJS.Timeout | undefined;
  let closed = false;

  const close = (): void => {
    if (closed) return;
    closed = true;
    clearTimeout(retry);
    poll.close();
    closeSync(fd);
  };

  /** @returns whether there may be more. */
  const acceptOne = (): boolean => {
    const peer = new Uint8Array(peerBytes);
    const length = new Uint8Array(Uint32Array.of(peerBytes).buffer);
    const connection = libc.call('accept4', fd, peer, length, socketFlags);
    if (connection >= 0) {
      onConnection(createSocketStream(connection, libc), peer);
      return true;
    }
    const error = systemError(libc, 'accept4', operand);
    if (passing.has(error.code)) return true;
    if (error.code === 'EAGAIN') waitForNext();
    else if (exhausted.has(error.code)) retry = setTimeout(acceptSome, exhaustedRetryMs);
    else {
      close();
      onError(error);
    }
    return false;
  };

  const acceptSome = (): void => {
    for (let count = 0; count < acceptsPerTurn && !closed; count++) if (!acceptOne()) return;
    if (!closed) waitForNext();
  };

  const waitForNext = (): void => poll.wait('readable', acceptSome);
  waitForNext();
  return { [Symbol.dispose]: close };
}
