// SPDX-License-Identifier: Apache-2.0
import type { DeepPartial } from '@hako/protocols/agent';
import type { Interface } from '@hako/protocols/types';
import { AgentClientError } from './agent-client-error.ts';
import type { AgentCallOptions } from './caller.ts';
import type { NetworkCalls } from './calls/network-calls.ts';
import { systemClock, type Clock } from './clock.ts';

/** The agent's exact words for an interface that does not exist (yet). */
const notThereYet = 'Link not found';

const maxAttempts = 20;
const firstDelayMs = 20;
/** Upstream doubles the delay without end, which makes the last attempts hours apart. */
const maxDelayMs = 1000;
const maxJitterMs = 100;

/** What the waiting between attempts uses. */
export interface ConfigureInterfaceComponents {
  readonly clock?: Clock;
  /** A number from 0 up to 1. */
  readonly random?: () => number;
}

/**
 * Configures an interface, waiting for a hot-plugged one to show up: up to 20 attempts within about 20 seconds, as long
 * as the agent says that there is no such link.
 *
 * @throws AgentClientError `rpc_failed` with the last answer; `aborted` when the signal aborts.
 */
export async function configureInterface(
  agent: Pick<NetworkCalls, 'updateInterface'>,
  wanted: DeepPartial<Interface>,
  options: AgentCallOptions = {},
  { clock = systemClock, random = Math.random }: ConfigureInterfaceComponents = {},
): Promise<Interface> {
  const signal = options.signal ?? new AbortController().signal;
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await agent.updateInterface({ interface: wanted }, options);
    } catch (error) {
      const absent = error instanceof AgentClientError && error.guestText?.includes(notThereYet) === true;
      if (!absent || attempt === maxAttempts) throw error;
    }
    const delayMs = Math.min(firstDelayMs * 2 ** (attempt - 1), maxDelayMs) + random() * maxJitterMs;
    try {
      await clock.sleep(delayMs, signal);
    } catch (error) {
      if (!signal.aborted) throw error;
      throw new AgentClientError('aborted', 'waiting for the interface was aborted', {
        cause: signal.reason,
      });
    }
  }
}
