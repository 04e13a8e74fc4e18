// SPDX-License-Identifier: Apache-2.0
import type { ChannelCallOptions } from '@hako/ttrpc';
import { AgentClientError } from './agent-client-error.ts';
import type { AgentConnection, AgentServices } from './agent-connection.ts';
import { deadlineOf, type AgentTimeouts } from './agent-timeouts.ts';
import { callFailure } from './call-failure.ts';

/** Limits of one call. */
export interface AgentCallOptions {
  /** Aborting gives the call up: it rejects with code `aborted`, and the agent is told so where it understands that. */
  readonly signal?: AbortSignal;
  /** Milliseconds instead of the call's usual deadline. */
  readonly timeoutMs?: number;
}

/**
 * Makes one call: connects if necessary, sets the deadline, translates the failure.
 *
 * @param request - Name of the request message; decides the deadline and appears in errors.
 */
export type Caller = <Reply>(
  request: string,
  options: AgentCallOptions | undefined,
  send: (services: AgentServices, options: ChannelCallOptions) => Promise<Reply>,
) => Promise<Reply>;

/** Waits for a dial that others share: an abort ends this caller's waiting, not the dial. */
async function unlessAborted<T>(waiting: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return await waiting;
  const { promise, reject } = Promise.withResolvers<never>();
  const onAbort = (): void =>
    reject(new AgentClientError('aborted', 'dialing was aborted', { cause: signal.reason }));
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([waiting, promise]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

/** Makes the {@link Caller} of a connection. */
export function createCaller(connection: AgentConnection, timeouts: AgentTimeouts): Caller {
  return async (request, options = {}, send) => {
    const { signal } = options;
    const timeoutMs = options.timeoutMs ?? deadlineOf(request, timeouts);
    try {
      signal?.throwIfAborted();
      const services = connection.services();
      const connected = services instanceof Promise ? await unlessAborted(services, signal) : services;
      return await send(connected, {
        ...(signal === undefined ? {} : { signal }),
        ...(timeoutMs === undefined ? {} : { timeoutMs }),
      });
    } catch (error) {
      throw callFailure(error, request, signal);
    }
  };
}
