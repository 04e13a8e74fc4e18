// SPDX-License-Identifier: Apache-2.0
import type { Duplex } from 'node:stream';
import type { Address } from '../address/address.ts';

/** Accepts connections. Made by `listen`, or by whoever owns a transport this package does not know. */
export interface Listener extends AsyncDisposable {
  /** Where it listens; for `tcp://…:0` the port the system chose. */
  readonly address: Address;
  /**
   * Takes the connections, those that came before included. There is one taker: a later one replaces the former.
   * Connections that nobody has taken yet wait, at most 128; more are closed.
   */
  onConnection(take: (stream: Duplex) => void): void;
  /** Accepts no more and frees the address; accepted connections live on. Idempotent. */
  close(): Promise<void>;
}
