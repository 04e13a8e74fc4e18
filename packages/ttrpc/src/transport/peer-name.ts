// SPDX-License-Identifier: Apache-2.0
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';

/** A name for who is at the other end of a stream, for handlers' `context.peer`. */
export function peerOf(stream: Duplex): string {
  if (!(stream instanceof Socket)) return 'stream';
  const { remoteAddress, remotePort } = stream;
  if (remoteAddress === undefined || remotePort === undefined) return 'unix';
  return remoteAddress.includes(':') ? `[${remoteAddress}]:${remotePort}` : `${remoteAddress}:${remotePort}`;
}
