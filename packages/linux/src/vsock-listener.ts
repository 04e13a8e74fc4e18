// SPDX-License-Identifier: Apache-2.0
import { closeSync } from 'node:fs';
import type { Duplex } from 'node:stream';
import { invoke } from './ffi/invoke.ts';
import { type Libc, systemLibc } from './ffi/libc.ts';
import type { LinuxError } from './linux-error.ts';
import { openSocket, socketFamilies, socketTypes } from './socket.ts';
import { acceptConnections } from './accept-connections.ts';
import {
  decodeVsockAddress,
  encodeVsockAddress,
  type VsockAddress,
  vsockAddressBytes,
  vsockAny,
} from './vsock-address.ts';

/** What {@link listenVsock} takes. */
export interface ListenVsockOptions {
  /** Default: one that the kernel picks, see {@link VsockListener.address}. */
  readonly port?: number;
  /** Default: any, so that host and guest processes can connect. */
  readonly cid?: number;
  /** Connections that the kernel keeps until they are taken; more are refused. Default 128. */
  readonly backlog?: number;
  /** Gets each connection with its peer; without delay and for as long as the listener is open. */
  readonly onConnection: (stream: Duplex, peer: VsockAddress) => void;
  /** Told when accepting failed for good; the listener is closed then. */
  readonly onError?: (error: LinuxError) => void;
}

/** A listening vsock socket. It keeps the event loop alive. */
export interface VsockListener extends AsyncDisposable {
  /** With the port that was really bound. */
  readonly address: VsockAddress;
  /** Takes no more connections; those that were handed out stay open. Idempotent. */
  close(): Promise<void>;
}

/**
 * Listens on a vsock port.
 *
 * @throws LinuxError `EAFNOSUPPORT` no vsock here, `EADDRINUSE`, `EADDRNOTAVAIL` not this machine's CID, `EACCES` for
 * a port below 1024 without privilege.
 */
export function listenVsock(
  { port = vsockAny, cid = vsockAny, backlog = 128, onConnection, onError }: ListenVsockOptions,
  libc: Libc = systemLibc(),
): VsockListener {
  const operand = `vsock://${cid === vsockAny ? 'any' : cid}:${port === vsockAny ? 'any' : port}`;
  const fd = openSocket(socketFamilies.vsock, socketTypes.stream, 0, libc);
  try {
    const wanted = encodeVsockAddress({ cid, port });
    invoke(libc, operand, 'bind', fd, wanted, wanted.length);
    invoke(libc, operand, 'listen', fd, backlog);
    const bound = new Uint8Array(vsockAddressBytes);
    const length = new Uint8Array(Uint32Array.of(bound.length).buffer);
    invoke(libc, operand, 'getsockname', fd, bound, length);
    const accepting = acceptConnections(fd, {
      operand,
      peerBytes: vsockAddressBytes,
      onConnection: (stream, peer) => onConnection(stream, decodeVsockAddress(peer)),
      onError: onError ?? (() => undefined),
      libc,
    });
    const close = (): Promise<void> => {
      accepting[Symbol.dispose]();
      return Promise.resolve();
    };
    return { address: decodeVsockAddress(bound), close, [Symbol.asyncDispose]: close };
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}
