// SPDX-License-Identifier: Apache-2.0
import { connect } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';

import type { ConnectAgent } from './agent-endpoint.ts';
import { execProcess } from './container/exec-process.ts';
import type { ExecOptions } from './container/container-options.ts';
import { withDeadline } from './deadline.ts';
import { Lifeline } from './lifeline.ts';
import type { GuestProcess } from './process/guest-process.ts';
import { findSandbox, type RegistryOptions, type SandboxListing } from './run/sandbox-registry.ts';
import { SandboxError } from './sandbox-error.ts';

const connectTimeoutMs = 5_000;

/** A sandbox that another process owns. Leaving an `await using` block lets go of it; it goes on running. */
export interface AttachedSandbox extends AsyncDisposable {
  /** What its record said when it was found. */
  readonly record: SandboxListing;
  /** Starts one more program in its first container. Errors: as `Container.exec`. */
  exec(options: ExecOptions): Promise<GuestProcess>;
}

/** How to attach. */
export interface AttachOptions extends RegistryOptions {
  /** Ends the attempt with code `aborted`. */
  readonly signal?: AbortSignal;
  /** Speaks to the agent; default: ttRPC. */
  readonly connectAgent?: ConnectAgent;
}

/**
 * Connects to a sandbox of another process, through the socket its owner serves.
 * Errors: `sandbox_not_found`, `invalid_state` (not running, or without a container), `vm_exited`, `aborted`.
 * @param id the sandbox, or the unique beginning of its id
 * @param options where to look
 */
export async function attachSandbox(id: string, options: AttachOptions = {}): Promise<AttachedSandbox> {
  const record = await findSandbox(id, options);
  const { containerId, process: defaults } = record;
  if (record.status !== 'running' || containerId === undefined || defaults === undefined) {
    const why = record.status === 'running' ? 'has no container yet' : `is ${record.status}`;
    throw new SandboxError('invalid_state', `sandbox ${record.id} ${why}`, { remedy: 'see `hako ps`' });
  }
  const connectAgent = options.connectAgent ?? (await import('./ttrpc-endpoint.ts')).connectTtrpcAgent;
  const stream = connect(join(record.directory, 'agent.sock'));
  const lifeline = new Lifeline();
  const ended = (cause?: unknown): SandboxError =>
    new SandboxError('vm_exited', `sandbox ${record.id} ended`, { cause, remedy: 'see `hako ps`' });
  try {
    const wait = { timeoutMs: connectTimeoutMs, ...(options.signal && { signal: options.signal }) };
    await withDeadline('connection to the sandbox', wait, (signal) => once(stream, 'connect', { signal }));
  } catch (error) {
    stream.destroy();
    throw error instanceof SandboxError ? error : ended(error);
  }
  stream.once('close', () => lifeline.lose(ended()));
  const endpoint = connectAgent(stream);
  return {
    record,
    exec: (exec) => execProcess({ containerId, defaults, agent: endpoint.agent, lifeline }, exec),
    [Symbol.asyncDispose]: () => endpoint.close(),
  };
}
