// SPDX-License-Identifier: Apache-2.0
import { connect } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';

import type { ConnectAgent } from './agent-endpoint.ts';
import type { Container } from './container/container.ts';
import { pauseContainer, readStats, resumeContainer, updateLimits } from './container/container-control.ts';
import type { ContainerLimits } from './container/container-limits.ts';
import { randomId, type ContainerOptions, type ExecOptions } from './container/container-options.ts';
import type { ContainerStats } from './container/container-stats.ts';
import { createContainer, type ContainerHost } from './container/create-container.ts';
import { execProcess } from './container/exec-process.ts';
import { withDeadline, type WaitOptions } from './deadline.ts';
import { readGuestDetails, readGuestMetrics, type GuestDetails } from './guest-details.ts';
import { Lifeline } from './lifeline.ts';
import type { GuestProcess } from './process/guest-process.ts';
import { recordedOom } from './run/recorded-oom.ts';
import { findSandbox, type RegistryOptions, type SandboxListing } from './run/sandbox-registry.ts';
import { SandboxError } from './sandbox-error.ts';
import { joinFileShare, type JoinedShare, type JoinShareRequest } from './share/join-share.ts';
import { Timeline } from './timeline.ts';

const connectTimeoutMs = 5_000;

/** A sandbox that another process owns. Leaving an `await using` block lets go of it; it goes on running. */
export interface AttachedSandbox extends AsyncDisposable {
  /** What its record said when it was found. */
  readonly record: SandboxListing;
  /** Starts one more program in its first container. Errors: as `Container.exec`. */
  exec(options: ExecOptions): Promise<GuestProcess>;
  /** Freezes its first container. The owner is not told. Errors: as `Container.pause`; `agent_failed` when it is frozen. */
  pause(options?: WaitOptions): Promise<void>;
  /** Lets it go on. Errors: as `Container.resume`; `agent_failed` when it is not frozen. */
  resume(options?: WaitOptions): Promise<void>;
  /** Reads what its first container uses. Errors: as `Container.stats`. */
  stats(options?: WaitOptions): Promise<ContainerStats>;
  /** Changes the limits of its first container. Errors: as `Container.update`. */
  update(limits: ContainerLimits, options?: WaitOptions): Promise<void>;
  /** As `Sandbox.guestDetails`. */
  guestDetails(options?: WaitOptions): Promise<GuestDetails>;
  /** As `Sandbox.metrics`. */
  metrics(options?: WaitOptions): Promise<string>;
  /**
   * Creates one more container in it, with files of this process's view of the host. It is this process's: remove it. If
   * this process is killed, it stays as long as the sandbox. Errors: as `Sandbox.createContainer`; `permission_denied`;
   * `invalid_state` when the sandbox cannot be joined.
   */
  createContainer(options: ContainerOptions): Promise<Container>;
  /** As `Sandbox.ranOutOfMemory`: the owner hears it and writes it down. */
  ranOutOfMemory(containerId: string, options?: WaitOptions): Promise<boolean>;
}

/** How to attach. */
export interface AttachOptions extends RegistryOptions {
  /** Ends the attempt with code `aborted`. */
  readonly signal?: AbortSignal;
  /** Speaks to the agent; default: ttRPC. */
  readonly connectAgent?: ConnectAgent;
  /** Enters the owner's file sharing; default: through its descriptors in `/proc`. */
  readonly joinFileShare?: (request: JoinShareRequest) => Promise<JoinedShare>;
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
  const target = { containerId, defaults, agent: endpoint.agent, lifeline };
  let joining: ReturnType<typeof joinSandbox> | undefined;
  return {
    record,
    exec: (exec) => execProcess(target, exec),
    pause: (limits) => pauseContainer(target, limits),
    resume: (limits) => resumeContainer(target, limits),
    stats: (limits) => readStats(target, limits),
    update: (resources, limits) => updateLimits(target, resources, limits),
    guestDetails: (limits) => readGuestDetails(target, limits),
    metrics: (limits) => readGuestMetrics(target, limits),
    createContainer: async (container) => {
      joining ??= joinSandbox(record, options.joinFileShare ?? joinFileShare);
      const host = await joining;
      const ready = Promise.resolve(endpoint.agent);
      const parts = { ...host, lifeline, ready, timeline: new Timeline() };
      return createContainer(parts, container.id ?? randomId(), container, () => undefined);
    },
    ranOutOfMemory: (id, limits) => recordedOom(record.directory, id, limits),
    async [Symbol.asyncDispose]() {
      await endpoint.close();
      const host = await joining?.catch(() => undefined);
      await host?.share[Symbol.asyncDispose]();
    },
  };
}

async function joinSandbox(
  { id, guest, directory, owner }: SandboxListing,
  join: NonNullable<AttachOptions['joinFileShare']>,
): Promise<Pick<ContainerHost, 'hostname' | 'hasResolver' | 'sharesPidNamespace'> & { share: JoinedShare }> {
  if (guest === undefined) {
    throw new SandboxError('invalid_state', `sandbox ${id} cannot be joined`, {
      remedy: 'run it with this version of Hako',
    });
  }
  const { share: place, ...traits } = guest;
  return { ...traits, share: await join({ directory, owner, place }) };
}
