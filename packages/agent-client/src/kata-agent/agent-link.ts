// SPDX-License-Identifier: Apache-2.0
import { dial, type DialOptions } from '@hako/ttrpc';
import { AgentClientError } from '../agent-client-error.ts';
import { createAgentClient, type AgentClient } from '../agent-client.ts';
import type { AgentLogger } from '../agent-logger.ts';
import type { AgentDialer } from '../dial-agent.ts';
import { checkTimeout, type AgentConfig } from './agent-config.ts';
import { addressOfAgentUrl, agentUrlOf, type AgentSocket } from './agent-socket.ts';

/** What a {@link AgentLink} works with. */
export interface AgentLinkComponents {
  readonly logger?: AgentLogger;
  /** Dialers by scheme; vsock has none built in. */
  readonly dialers?: DialOptions['dialers'];
  /** Connects to an address in place of all that; for tests and hosts of other machines. */
  readonly dialUrl?: (url: string) => AgentDialer;
}

/**
 * The one connection of a {@link KataAgent} and what is known about where it leads.
 *
 * Rules of Kata's runtime: dialed by the first request; a dial that fails makes the agent dead for good; a connection that
 * has ended fails all requests until `disconnect`; without `longLiveConn` it ends after each request.
 */
export class AgentLink {
  socket: AgentSocket | undefined;
  url = '';
  config: AgentConfig = {};
  readonly #components: AgentLinkComponents;
  #client: AgentClient | undefined;
  #death: { readonly cause: unknown } | undefined;

  constructor(components: AgentLinkComponents) {
    this.#components = components;
  }

  /** Whether the connection stays open between requests. */
  get longLived(): boolean {
    return this.config.longLiveConn ?? true;
  }

  /** The URL of the machine's socket. Throws `invalid_request` when there is none yet. */
  get socketUrl(): string {
    if (this.socket === undefined) throw new AgentClientError('invalid_request', 'agent has no socket yet');
    return agentUrlOf(this.socket);
  }

  /** Makes one request. A connection that is not to live long ends behind it. */
  async request<Reply>(send: (client: AgentClient) => Promise<Reply>): Promise<Reply> {
    const client = this.#connected();
    try {
      return await send(client);
    } finally {
      if (!this.longLived) await this.disconnect();
    }
  }

  /** Ends the connection, if there is one; the next request dials again. */
  async disconnect(): Promise<void> {
    const client = this.#client;
    if (client === undefined) return;
    if (client.dead) this.#death ??= { cause: 'an earlier dial failed' };
    this.#client = undefined;
    await client.close();
  }

  /** Declares the agent dead, for good, and ends the connection. */
  async markDead(cause?: unknown): Promise<void> {
    this.#death ??= { cause };
    this.#client?.markDead(cause);
    await this.disconnect();
  }

  /** Takes the connection of another link over, which is left without one. */
  async takeOver(other: AgentLink): Promise<void> {
    if (other === this) return;
    await this.disconnect();
    this.#client = other.#client;
    other.#client = undefined;
    this.url = other.url;
    this.socket ??= other.socket;
  }

  #connected(): AgentClient {
    if (this.#death !== undefined)
      throw new AgentClientError('dead_agent', 'agent is dead', { cause: this.#death.cause });
    this.#client ??= this.#connect();
    return this.#client;
  }

  #connect(): AgentClient {
    const { logger, dialers = {}, dialUrl } = this.#components;
    const url = this.url === '' ? this.socketUrl : this.url;
    const address = addressOfAgentUrl(url);
    const dialMs = checkTimeout('dialTimeoutMs', this.config.dialTimeoutMs);
    const createContainerMs = checkTimeout('createContainerTimeoutMs', this.config.createContainerTimeoutMs);
    return createAgentClient({
      dial: dialUrl === undefined ? ({ signal }) => dial(address, { signal, dialers }) : dialUrl(url),
      timeouts: {
        ...(dialMs === undefined ? {} : { dialMs }),
        ...(createContainerMs === undefined ? {} : { createContainerMs }),
      },
      ...(logger === undefined ? {} : { logger }),
    });
  }
}
