// SPDX-License-Identifier: Apache-2.0
import { connect } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';

import type { ConnectAgent } from './agent-endpoint.ts';
import { attachedContainer, findContainer, type AttachedContainer } from './attached-container.ts';
import type { Container } from './container/container.ts';
import type { ContainerHost } from './container/container-host.ts';
import { randomId, type ContainerOptions } from './container/container-options.ts';
import { createContainer } from './container/load-and-create.ts';
import { processDefaults } from './container/exec-process.ts';
import type { GuestTraits } from './container/plan-container.ts';
import { withDeadline, type WaitOptions } from './deadline.ts';
import { foreignDevices } from './devices/device-host.ts';
import { SandboxHooks } from './hooks/sandbox-hooks.ts';
import { readGuestDetails, readGuestMetrics, type GuestDetails } from './guest-details.ts';
import { Lifeline } from './lifeline.ts';
import { silentLogger } from './logger.ts';
import type { GuestAgent } from './process/guest-agent.ts';
import { outputPort } from './process/output-ports.ts';
import { ContainerNotes, listContainers, type ContainerNote } from './run/container-notes.ts';
import { readContainerNote } from './run/read-container-notes.ts';
import { recordedOom } from './run/recorded-oom.ts';
import { findSandbox, isRunning, type RegistryOptions, type SandboxListing } from './run/sandbox-registry.ts';
import type { JoinedRoom } from './resources/joined-room.ts';
import { SandboxNetwork } from './network/sandbox-network.ts';
import { SandboxError } from './sandbox-error.ts';
import { joinFileShare, type JoinedShare, type JoinShareRequest } from './share/join-share.ts';
import { Timeline } from './timeline.ts';

const connectTimeoutMs = 5_000;

/** A sandbox that another process owns. Leaving an `await using` block lets go of it; it goes on running. */
export interface AttachedSandbox extends AsyncDisposable, Omit<AttachedContainer, 'id'> {
  /** What its record said when it was found. */
  readonly record: SandboxListing;
  /** Its containers, oldest first, whichever process made them. */
  containers(): Promise<readonly ContainerNote[]>;
  /**
   * One of them: by its id or the unique beginning of it, or as {@link AttachedSandbox.containers} has told of it. Error:
   * `container_not_found`.
   */
  container(which: string | ContainerNote): Promise<AttachedContainer>;
  /** As `Sandbox.guestDetails`. */
  guestDetails(options?: WaitOptions): Promise<GuestDetails>;
  /** As `Sandbox.metrics`. */
  metrics(options?: WaitOptions): Promise<string>;
  /** Its network, as `Sandbox.network`; links come and go by its owner alone. */
  readonly network: SandboxNetwork;
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
 * @param which the sandbox: the unique beginning of its id, or as it has just been found
 * @param options where to look
 */
export async function attachSandbox(
  which: string | SandboxListing,
  options: AttachOptions = {},
): Promise<AttachedSandbox> {
  const record = typeof which === 'string' ? await findSandbox(which, options) : which;
  const { containerId } = record;
  if (!isRunning(record) || containerId === undefined) {
    const why = isRunning(record) ? 'has no container yet' : `is ${record.status}`;
    throw new SandboxError('invalid_state', `sandbox ${record.id} ${why}`, { remedy: 'see `hako ps`' });
  }
  // One that has been removed is unknown to the agent, which says so.
  const defaults = (await readContainerNote(record.directory, containerId))?.process ?? processDefaults();
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
  const endpoint = connectAgent(stream, outputPort(record.directory, 'guest'));
  const { machine } = record.guest ?? {};
  const room = machine?.grows === true ? await joinGrowingMachine(record) : undefined;
  const notes = new ContainerNotes(record.directory);
  const target = { containerId, defaults, agent: endpoint.agent, lifeline, notes, room, machine };
  const first = attachedContainer(target);
  let joining: ReturnType<typeof joinSandbox> | undefined;
  return {
    record,
    exec: (process) => first.exec(process),
    pause: (limits) => first.pause(limits),
    resume: (limits) => first.resume(limits),
    stats: (limits) => first.stats(limits),
    update: (limits, wait) => first.update(limits, wait),
    containers: () => listContainers(record),
    container: async (one) => {
      const note =
        typeof one === 'string' ? findContainer(await listContainers(record), record.id, one) : one;
      const { id, process } = note;
      return attachedContainer({ ...target, containerId: id, defaults: process });
    },
    guestDetails: (limits) => readGuestDetails(target, limits),
    metrics: (limits) => readGuestMetrics(target, limits),
    network: new SandboxNetwork({ guest: () => target }),
    createContainer: async (container) => {
      joining ??= joinSandbox(record, endpoint.agent, options.joinFileShare ?? joinFileShare);
      const host = await joining;
      const ready = Promise.resolve(endpoint.agent);
      const hooks = new SandboxHooks(silentLogger);
      const parts = {
        ...host,
        notes,
        lifeline,
        ready,
        room,
        hooks,
        devices: foreignDevices,
        timeline: new Timeline(),
      };
      return createContainer(parts, container.id ?? randomId(), container, () => undefined);
    },
    ranOutOfMemory: (id, limits) => recordedOom(record.directory, id, limits),
    async [Symbol.asyncDispose]() {
      await room?.[Symbol.asyncDispose]();
      await endpoint.close();
      const host = await joining?.catch(() => undefined);
      await host?.share[Symbol.asyncDispose]();
    },
  };
}

async function joinGrowingMachine({ directory }: SandboxListing): Promise<JoinedRoom> {
  const { joinRoom } = await import('./resources/joined-room.ts');
  return joinRoom(directory);
}

async function joinSandbox(
  { id, guest, directory, owner }: SandboxListing,
  agent: GuestAgent,
  join: NonNullable<AttachOptions['joinFileShare']>,
): Promise<GuestTraits & Pick<ContainerHost, 'machine'> & { share: JoinedShare }> {
  if (guest === undefined) {
    throw new SandboxError('invalid_state', `sandbox ${id} cannot be joined`, {
      remedy: 'run it with this version of Hako',
    });
  }
  const { share: place, ...traits } = guest;
  if (place !== undefined) return { ...traits, share: await join({ directory, owner, place }) };
  const { joinCopies } = await import('./share/join-copies.ts');
  return { ...traits, share: joinCopies(agent) };
}
