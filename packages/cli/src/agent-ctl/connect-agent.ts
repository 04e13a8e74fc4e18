// SPDX-License-Identifier: Apache-2.0
import { createChannel, dial, parseAddress, TtrpcError, type Address, type Channel } from '@hako/ttrpc';

import { UsageError } from '../usage-error.ts';

/** How long an agent is waited for that does not listen yet, as agent-ctl does. */
const retryUntilMs = 3000;

/** Where the agent is. */
export interface AgentPlace {
  /** `unix://PATH`, `unix://@NAME`, `vsock://CID:PORT`, `hvsock://PATH:PORT`, `serial://PATH` or `tcp://IP:PORT`. */
  readonly address: string;
  /** The port behind `unix://PATH` when that is the socket of a hybrid vsock; `undefined` when it is the agent's own. */
  readonly hybridPort: number | undefined;
}

/**
 * Connects to an agent.
 * @param place where
 * @param signal ends the attempt
 */
export async function connectAgent(place: AgentPlace, signal: AbortSignal): Promise<Channel> {
  try {
    const stream = await dial(addressOf(place), {
      signal,
      retryUntilMs,
      dialers: {
        vsock: async (address, options) => {
          if (address.scheme !== 'vsock') throw new TypeError(`not a vsock address: ${address.scheme}`);
          const { createVsockDialer } = await import('@hako/linux');
          return createVsockDialer()({ cid: address.contextId, port: address.port }, options);
        },
      },
    });
    return createChannel(stream);
  } catch (error) {
    if (error instanceof TtrpcError) {
      throw new UsageError(
        error.message,
        'give the address of a running agent, such as unix:///run/hako/NAME/agent.sock',
      );
    }
    throw error;
  }
}

function addressOf({ address, hybridPort }: AgentPlace): Address {
  const parsed = parseAddress(address);
  if (hybridPort === undefined || parsed.scheme !== 'unix') return parsed;
  return { scheme: 'hvsock', path: parsed.path, port: hybridPort };
}
