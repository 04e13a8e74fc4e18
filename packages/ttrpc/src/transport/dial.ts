// SPDX-License-Identifier: Apache-2.0
import type { Duplex } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import type { Address } from '../address/address.ts';
import { formatAddress, toAddress } from '../address/address.ts';
import { TtrpcError } from '../ttrpc-error.ts';
import { connectSocket } from './connect-socket.ts';
import { shakeHybridHands } from './hybrid-vsock.ts';

/** Connects to an address of a scheme this package cannot reach itself. Must destroy what it opened when aborted. */
export type Dialer = (address: Address, options: { readonly signal: AbortSignal }) => Promise<Duplex>;

/** How {@link dial} goes about it. */
export interface DialOptions {
  /** Aborting rejects with the signal's reason and leaves nothing open. */
  readonly signal?: AbortSignal;
  /** Milliseconds until `dial_timeout`, all attempts together. Default 10,000. */
  readonly timeoutMs?: number;
  /**
   * Milliseconds during which failed attempts are repeated, 10 to 500 ms apart: for peers that are just starting.
   * Default 0: one attempt.
   */
  readonly retryUntilMs?: number;
  /** Dialers by scheme; they go before the built-in ones. `vsock` has none built in. */
  readonly dialers?: Partial<Record<Address['scheme'], Dialer>>;
}

const defaultTimeoutMs = 10_000;
const firstPauseMs = 10;
const longestPauseMs = 500;

/**
 * Connects to an address.
 *
 * `serial://` connects to the unix socket behind a virtio-serial port, `hvsock://` shakes hands after connecting.
 * @throws {@link TtrpcError} `invalid_address`, `dial_failed`, `dial_timeout`.
 */
export async function dial(where: Address | string, options: DialOptions = {}): Promise<Duplex> {
  const address = toAddress(where);
  const { timeoutMs = defaultTimeoutMs, retryUntilMs = 0 } = options;
  options.signal?.throwIfAborted();
  const deadline = new AbortController();
  const timer = setTimeout(() => deadline.abort(), timeoutMs);
  const signal =
    options.signal === undefined ? deadline.signal : AbortSignal.any([options.signal, deadline.signal]);
  const retryUntil = performance.now() + retryUntilMs;
  let pauseMs = firstPauseMs;
  try {
    for (;;) {
      try {
        return await dialOnce(address, signal, options.dialers);
      } catch (error) {
        if (signal.aborted || performance.now() + pauseMs > retryUntil) throw error;
      }
      await delay(pauseMs, undefined, { signal });
      pauseMs = Math.min(pauseMs * 2, longestPauseMs);
    }
  } catch (cause) {
    options.signal?.throwIfAborted();
    const place = formatAddress(address);
    if (deadline.signal.aborted) {
      throw new TtrpcError('dial_timeout', `${place} did not answer in ${timeoutMs} ms`, { cause });
    }
    if (cause instanceof TtrpcError) throw cause;
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new TtrpcError('dial_failed', `cannot connect to ${place}: ${why}`, { cause });
  } finally {
    clearTimeout(timer);
  }
}

async function dialOnce(
  address: Address,
  signal: AbortSignal,
  dialers: DialOptions['dialers'] = {},
): Promise<Duplex> {
  const dialer = dialers[address.scheme];
  if (dialer !== undefined) return dialer(address, { signal });
  switch (address.scheme) {
    case 'unix':
      return connectSocket({ path: address.abstract ? `\0${address.path}` : address.path }, signal);
    case 'serial':
      return connectSocket({ path: address.path }, signal);
    case 'tcp':
      return connectSocket({ host: address.host, port: address.port, noDelay: true }, signal);
    case 'hvsock':
      return shakeHybridHands(await connectSocket({ path: address.path }, signal), address.port, signal);
    case 'vsock':
      throw new TtrpcError('dial_failed', `no dialer for ${formatAddress(address)} was given`);
  }
}
