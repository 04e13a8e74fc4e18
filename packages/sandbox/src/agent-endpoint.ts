// SPDX-License-Identifier: Apache-2.0
import type { Duplex } from 'node:stream';

import type { OutputPortAccess } from '@hako/agent-client';

import type { GuestAgent } from './process/guest-agent.ts';

/** The agent of one virtual machine, reached over the one connection there is. */
export interface AgentEndpoint {
  readonly agent: GuestAgent;
  /**
   * Lets other processes share the connection through a Unix socket.
   * @param socketPath where to listen
   */
  serve(socketPath: string): Promise<void>;
  /** Ends the connection and the sharing at once. Idempotent. */
  close(): Promise<void>;
}

/**
 * Makes an {@link AgentEndpoint} of a connected stream, which it then owns. Much output of processes may come over the port, if
 * there is one.
 */
export type ConnectAgent = (stream: Duplex, outputPort?: OutputPortAccess) => AgentEndpoint;

/** Loads what makes an {@link AgentEndpoint}: it is large, and a machine can start meanwhile. */
export type LoadConnectAgent = () => Promise<ConnectAgent>;
