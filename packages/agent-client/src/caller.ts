// SPDX-License-Identifier: Apache-2.0
import type { ChannelCallOptions } from '@hako/ttrpc';
import type { AgentConnection, AgentServices } from './agent-connection.ts';
import { deadlineOf, type AgentTimeouts } from './agent-timeouts.ts';
import { callFailure } from './call-failure.ts';
import { unlessAborted } from './unless-aborted.ts';

/** Limits of one call. */
export interface AgentCallOptions {
  /** Aborting gives the call up: it rejects with code `aborted`, and the agent is told so where it understands that. */
  readonly signal?: AbortSignal;
  /** Milliseconds instead of the call's usual deadline; `Infinity` for none. */
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

/** Makes the {@link Caller} of a connection. */
export function createCaller(connection: AgentConnection, timeouts: AgentTimeouts): Caller {
  return async (request, options = {}, send) => {
    const { signal } = options;
    const timeoutMs = options.timeoutMs ?? deadlineOf(request, timeouts);
    try {
      signal?.throwIfAborted();
      const services = connection.services();
      // An abort ends this caller's waiting, not the dial, which others share.
      const connected =
        services instanceof Promise ? await unlessAborted(services, signal, 'dialing') : services;
      return await send(connected, {
        ...(signal === undefined ? {} : { signal }),
        ...(timeoutMs === undefined || timeoutMs === Infinity ? {} : { timeoutMs }),
      });
    } catch (error) {
      throw callFailure(error, request, signal);
    }
  };
}
