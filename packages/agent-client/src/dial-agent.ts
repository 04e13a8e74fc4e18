// SPDX-License-Identifier: Apache-2.0
import type { Duplex } from 'node:stream';
import { AgentClientError } from './agent-client-error.ts';
import type { AgentLogger } from './agent-logger.ts';
import type { Clock } from './clock.ts';

/** Connects once; rejects when that fails, and soon after `signal` aborts. */
export type AgentDialer = (options: { readonly signal: AbortSignal }) => Promise<Duplex>;

/** Pause between two attempts: short against the boot of a guest, long against a busy loop. */
const retryDelayMs = 10;

interface DialComponents {
  readonly dial: AgentDialer;
  readonly clock: Clock;
  readonly logger: AgentLogger;
}

function abortion(signal: AbortSignal): { promise: Promise<never>; forget: () => void } {
  const { promise, reject } = Promise.withResolvers<never>();
  const onAbort = (): void => reject(signal.reason);
  if (signal.aborted) onAbort();
  else signal.addEventListener('abort', onAbort, { once: true });
  promise.catch(() => undefined);
  return { promise, forget: () => signal.removeEventListener('abort', onAbort) };
}

/** One attempt; a connection that comes about after the signal aborted is destroyed. */
async function attempt(dial: AgentDialer, signal: AbortSignal): Promise<Duplex> {
  const { promise, forget } = abortion(signal);
  const dialing = dial({ signal });
  try {
    return await Promise.race([dialing, promise]);
  } catch (error) {
    dialing.then(
      (late) => late.destroy(),
      () => undefined,
    );
    throw error;
  } finally {
    forget();
  }
}

/**
 * Dials again and again until a connection exists or `timeoutMs` have passed.
 *
 * @param signal - Ends the dialing; the promise then rejects with its reason.
 * @throws AgentClientError `dial_timeout`, with the last attempt's error as cause.
 */
export async function dialAgent(
  { dial, clock, logger }: DialComponents,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<Duplex> {
  const expiry = new AbortController();
  const timer = Number.isFinite(timeoutMs) ? setTimeout(() => expiry.abort(), timeoutMs) : undefined;
  const either = AbortSignal.any([signal, expiry.signal]);
  let lastError: unknown;
  const expired = (): boolean => expiry.signal.aborted;
  try {
    while (!expired()) {
      try {
        return await attempt(dial, either);
      } catch (error) {
        signal.throwIfAborted();
        if (!expired()) lastError = error;
        logger.debug({ err: error }, 'agent does not accept a connection yet');
      }
      await clock.sleep(retryDelayMs, either).catch(() => undefined);
      signal.throwIfAborted();
    }
  } finally {
    clearTimeout(timer);
  }
  const last = lastError instanceof Error ? `: ${lastError.message}` : '';
  throw new AgentClientError('dial_timeout', `no connection to the agent within ${timeoutMs} ms${last}`, {
    cause: lastError,
  });
}
