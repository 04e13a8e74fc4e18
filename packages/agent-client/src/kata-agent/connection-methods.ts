// SPDX-License-Identifier: Apache-2.0
import { AgentClientError } from '../agent-client-error.ts';
import type { AgentCallOptions } from '../caller.ts';
import type { AgentConfig } from './agent-config.ts';
import type { AgentLink } from './agent-link.ts';

/** What a kind of agent can do. */
export interface AgentCapabilities {
  /** Whether block devices can be handed to it. */
  readonly blockDevices: boolean;
}

/** What is kept of an agent when its host process ends. */
export interface SavedAgent {
  /** Where it is. */
  readonly url: string;
}

/** Life of the connection. */
export interface ConnectionMethods {
  /** Takes the configuration over. `disableVmShutdown`: the machine is to end by itself, so that spans are sent. */
  init(config: AgentConfig): { readonly disableVmShutdown: boolean };
  /** What this kind of agent can do. */
  capabilities(): AgentCapabilities;
  /** Asks whether the agent serves. Deadline 30 s. */
  check(options?: AgentCallOptions): Promise<void>;
  /** Whether the connection stays open between requests. */
  longLiveConn(): boolean;
  /** Ends the connection; the next request dials again. Does nothing when there is none. */
  disconnect(): Promise<void>;
  /** The URL of the machine's socket. */
  getAgentURL(): string;
  /** Makes that URL the one that is dialed. */
  setAgentURL(): void;
  /** Declares the agent dead, for good: requests in flight fail with `connection_closed`, later ones with `dead_agent`. */
  markDead(cause?: unknown): Promise<void>;
  /** Nothing is left of an agent on the host. */
  cleanup(): void;
  /** What another process needs to go on. */
  save(): SavedAgent;
  /** Goes on where another process stopped. */
  load(saved: SavedAgent): void;
}

/** Makes the {@link ConnectionMethods} of a link. */
export function connectionMethods(link: AgentLink): ConnectionMethods {
  return {
    init(config) {
      link.config = config;
      return { disableVmShutdown: config.trace ?? false };
    },
    capabilities: () => ({ blockDevices: true }),
    async check(options) {
      try {
        await link.request((client) => client.check(options));
      } catch (error) {
        if (!(error instanceof AgentClientError) || error.code === 'timed_out') throw error;
        const { code, request, status, guestText } = error;
        throw new AgentClientError(code, `agent does not work: ${error.message}`, {
          request,
          status,
          guestText,
          cause: error,
        });
      }
    },
    longLiveConn: () => link.longLived,
    disconnect: () => link.disconnect(),
    getAgentURL: () => link.socketUrl,
    setAgentURL: () => void (link.url = link.socketUrl),
    markDead: (cause) => link.markDead(cause),
    cleanup: () => undefined,
    save: () => ({ url: link.url }),
    load: ({ url }) => void (link.url = url),
  };
}
