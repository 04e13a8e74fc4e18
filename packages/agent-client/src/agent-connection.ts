// SPDX-License-Identifier: Apache-2.0
import { AgentServiceDefinition, type AgentServiceClient } from '@hako/protocols/agent';
import { HealthDefinition, type HealthClient } from '@hako/protocols/health';
import { ProcessIODefinition, type ProcessIOClient } from '@hako/protocols/process-io';
import { createChannel, createClient, type Channel } from '@hako/ttrpc';
import type { Duplex } from 'node:stream';
import { AgentClientError } from './agent-client-error.ts';

/** The agent's services over one connection. */
export interface AgentServices {
  readonly agent: AgentServiceClient;
  readonly health: HealthClient;
  /** An extension that not every agent has. */
  readonly processIo: ProcessIOClient;
  /** What has been found out about the agent at the other end. */
  readonly findings: { processIoIsMissing: boolean };
}

interface Connected extends AgentServices {
  readonly channel: Channel;
}

type State =
  | { readonly name: 'idle' }
  | { readonly name: 'dialing'; readonly attempt: Promise<Connected>; readonly stop: AbortController }
  | { readonly name: 'connected'; readonly connection: Connected }
  | { readonly name: 'dead'; readonly cause: unknown }
  | { readonly name: 'closed' };

function connect(channel: Channel): Connected {
  return {
    channel,
    agent: createClient(AgentServiceDefinition, channel),
    health: createClient(HealthDefinition, channel),
    processIo: createClient(ProcessIODefinition, channel),
    findings: { processIoIsMissing: false },
  };
}

/**
 * The one connection of a client, made when first needed.
 *
 * ```mermaid
 * stateDiagram-v2
 *   [*] --> idle
 *   idle --> dialing: first call
 *   dialing --> connected
 *   dialing --> dead: dial timeout
 *   dialing --> idle: disconnect
 *   connected --> idle: disconnect
 *   idle --> dead: markDead
 *   connected --> dead: markDead
 *   dead --> closed: close
 *   idle --> closed: close
 *   connected --> closed: close
 * ```
 *
 * There is no reconnecting behind the caller's back: when the connection ends, calls fail until `disconnect` is called.
 */
export class AgentConnection {
  readonly #open: (signal: AbortSignal) => Promise<Duplex>;
  #state: State = { name: 'idle' };

  /** @param open - Dials until it has a byte stream; rejects when it gives up. */
  constructor(open: (signal: AbortSignal) => Promise<Duplex>, channel?: Channel) {
    this.#open = open;
    if (channel !== undefined) this.#state = { name: 'connected', connection: connect(channel) };
  }

  /** Whether a failed dial or `markDead` has given the agent up for good. */
  get dead(): boolean {
    return this.#state.name === 'dead';
  }

  /** Gives the services, dialing if there is no connection yet; all callers share one dial. */
  services(): AgentServices | Promise<AgentServices> {
    const state = this.#state;
    switch (state.name) {
      case 'connected':
        return state.connection;
      case 'dialing':
        return state.attempt;
      case 'idle':
        return this.#dial();
      case 'dead':
        throw new AgentClientError('dead_agent', 'agent is dead', { cause: state.cause });
      case 'closed':
        throw new AgentClientError('closed', 'agent client is closed');
    }
  }

  /** Ends the connection, if any; the next call dials again. Does nothing once the agent is dead or the client closed. */
  async disconnect(
    options: { readonly signal?: AbortSignal; readonly timeoutMs?: number } = {},
  ): Promise<void> {
    const state = this.#state;
    if (state.name === 'dialing' || state.name === 'connected') this.#state = { name: 'idle' };
    if (state.name === 'dialing') state.stop.abort();
    if (state.name === 'connected') await state.connection.channel.close(options);
  }

  /** Declares the agent dead: calls in flight fail, and no call will ever be sent again. */
  markDead(cause?: unknown): void {
    if (this.#state.name !== 'closed') this.#end({ name: 'dead', cause });
  }

  /** Waits for calls in flight, then ends the connection for good. Never rejects. */
  async close(options: { readonly signal?: AbortSignal; readonly timeoutMs?: number } = {}): Promise<void> {
    const state = this.#state;
    this.#state = { name: 'closed' };
    if (state.name === 'dialing') state.stop.abort();
    if (state.name === 'connected') await state.connection.channel.close(options);
  }

  /** Ends the connection for good and at once; resolves when its byte stream is gone. */
  async abort(): Promise<void> {
    const state = this.#state;
    this.#end({ name: 'closed' });
    if (state.name === 'connected') await state.connection.channel.closed;
  }

  #end(next: State): void {
    const state = this.#state;
    this.#state = next;
    if (state.name === 'dialing') state.stop.abort();
    if (state.name === 'connected') state.connection.channel.abort();
  }

  #dial(): Promise<AgentServices> {
    const stop = new AbortController();
    const attempt = this.#open(stop.signal).then(
      (stream) => {
        if (stop.signal.aborted) {
          stream.destroy();
          throw new AgentClientError('connection_closed', 'dialing was given up');
        }
        const connection = connect(createChannel(stream));
        this.#state = { name: 'connected', connection };
        return connection;
      },
      (error: unknown) => {
        if (stop.signal.aborted) {
          throw new AgentClientError('connection_closed', 'dialing was given up', { cause: error });
        }
        this.#state = { name: 'dead', cause: error };
        throw error;
      },
    );
    this.#state = { name: 'dialing', attempt, stop };
    return attempt;
  }
}
