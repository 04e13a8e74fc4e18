// SPDX-License-Identifier: Apache-2.0
import type { Channel } from '@hako/ttrpc';
import { AgentClientError } from './agent-client-error.ts';
import { AgentConnection } from './agent-connection.ts';
import { silentLogger, type AgentLogger } from './agent-logger.ts';
import { resolveTimeouts, type AgentTimeouts } from './agent-timeouts.ts';
import { attachCalls, type AttachCalls } from './attach/attach-process.ts';
import { OutputPort, type OutputPortAccess } from './attach/output-port.ts';
import { createCaller } from './caller.ts';
import { containerCalls, type ContainerCalls } from './calls/container-calls.ts';
import { guestCalls, type GuestCalls } from './calls/guest-calls.ts';
import { networkCalls, type NetworkCalls } from './calls/network-calls.ts';
import { processCalls, type ProcessCalls } from './calls/process-calls.ts';
import { sandboxCalls, type SandboxCalls } from './calls/sandbox-calls.ts';
import { systemClock, type Clock } from './clock.ts';
import { dialAgent, type AgentDialer } from './dial-agent.ts';

/** What a client works with: a way to connect, or a connection that exists. */
export interface AgentClientComponents {
  /** Connects once; dialed again and again, when the first call needs a connection, until `dialMs` have passed. */
  readonly dial?: AgentDialer;
  /** A connection to use; the client owns it from now on. Either this or `dial`, or both: then `dial` follows a disconnect. */
  readonly channel?: Channel;
  /** A port that much output of processes may come over. Connected when an agent asks for it, closed with the client. */
  readonly outputPort?: OutputPortAccess;
  /** Deadlines that differ from the defaults. */
  readonly timeouts?: Partial<AgentTimeouts>;
  readonly logger?: AgentLogger;
  readonly clock?: Clock;
}

/** How long to wait for a graceful end. */
export interface AgentCloseOptions {
  /** Aborting fails the calls that are still in flight. */
  readonly signal?: AbortSignal;
  /** Milliseconds after which the same happens. Default: no limit. */
  readonly timeoutMs?: number;
}

/**
 * A client of one agent: one method per RPC, with upstream's deadlines and typed errors.
 *
 * It is long because the agent's API is; consumers declare the few methods they use.
 */
export interface AgentClient
  extends SandboxCalls, ContainerCalls, ProcessCalls, AttachCalls, NetworkCalls, GuestCalls, AsyncDisposable {
  /** Whether dialing failed or `markDead` was called: every call then rejects with `dead_agent`. */
  readonly dead: boolean;
  /** Waits for calls in flight and ends the connection; the next call dials anew. */
  disconnect(options?: AgentCloseOptions): Promise<void>;
  /** Declares the agent dead, for good: calls in flight fail with `connection_closed`, later ones with `dead_agent`. */
  markDead(cause?: unknown): void;
  /** Waits for calls in flight and closes the client for good. Idempotent, never rejects. */
  close(options?: AgentCloseOptions): Promise<void>;
  /** Closes the client for good and at once; calls in flight fail with `connection_closed`. Idempotent. */
  abort(): void;
}

/**
 * Makes a client. Connects when the first call is made.
 *
 * @throws AgentClientError `invalid_request` for a timeout that is not above 0.
 */
export function createAgentClient(components: AgentClientComponents): AgentClient {
  const { dial, channel, logger = silentLogger, clock = systemClock } = components;
  const timeouts = resolveTimeouts(components.timeouts ?? {});
  const connection = new AgentConnection(
    (signal) =>
      dial === undefined
        ? Promise.reject(new AgentClientError('connection_closed', 'agent client cannot dial'))
        : dialAgent({ dial, logger, clock }, timeouts.dialMs, signal),
    channel,
  );
  const call = createCaller(connection, timeouts);
  const processes = processCalls(call);
  const port = components.outputPort === undefined ? undefined : new OutputPort(components.outputPort);
  const abort = async (): Promise<void> => {
    port?.close();
    await connection.abort();
  };
  return {
    ...sandboxCalls(call),
    ...containerCalls(call),
    ...processes,
    ...attachCalls(call, processes, port),
    ...networkCalls(call, logger),
    ...guestCalls(call),
    get dead() {
      return connection.dead;
    },
    disconnect: (options) => connection.disconnect(options),
    markDead: (cause) => connection.markDead(cause),
    async close(options) {
      await connection.close(options);
      port?.close();
    },
    abort: () => void abort(),
    [Symbol.asyncDispose]: abort,
  };
}
