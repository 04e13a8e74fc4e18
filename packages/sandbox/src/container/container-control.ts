// SPDX-License-Identifier: Apache-2.0
import { ociResourcesToGrpc } from '@hako/protocols';

import type { WaitOptions } from '../deadline.ts';
import { withDeadline } from '../deadline.ts';
import type { Lifeline } from '../lifeline.ts';
import type { ContainerAgent, GrowthAgent } from '../process/guest-agent.ts';
import type { ContainerNotes } from '../run/container-notes.ts';
import type { MachineRoom } from '../resources/machine-room.ts';
import { checkAgainstMachine, type MachineTraits } from '../resources/machine-traits.ts';
import { changedResources, type ContainerLimits } from './container-limits.ts';
import { toContainerStats, type ContainerStats } from './container-stats.ts';

/** Freezing waits for system calls to end, for two seconds at most; everything else answers at once. */
const controlTimeoutMs = 10_000;

/** The container to control. */
export interface ControlTarget {
  readonly containerId: string;
  readonly agent: ContainerAgent;
  readonly lifeline: Lifeline;
  /** Hear that it was frozen, or goes on; absent where nobody looks. */
  readonly notes?: Pick<ContainerNotes, 'notePaused'> | undefined;
}

/** Limits of each call default to 10 s. */
function control<T>(
  what: string,
  { lifeline }: ControlTarget,
  options: WaitOptions,
  call: (options: { readonly signal: AbortSignal }) => Promise<T>,
): Promise<T> {
  return lifeline.callWithin(what, controlTimeoutMs, options, (signal) => call({ signal }));
}

/**
 * Freezes all processes of a container. Errors: `agent_failed`, `vm_exited`, `timeout`, `aborted`.
 * @param target the container
 * @param options limits
 */
export async function pauseContainer(target: ControlTarget, options: WaitOptions = {}): Promise<void> {
  const { agent, containerId, notes } = target;
  await control('pause of the container', target, options, (call) =>
    agent.pauseContainer({ containerId }, call),
  );
  await notes?.notePaused(containerId, true);
}

/**
 * Lets them go on. Errors: as {@link pauseContainer}.
 * @param target the container
 * @param options limits
 */
export async function resumeContainer(target: ControlTarget, options: WaitOptions = {}): Promise<void> {
  const { agent, containerId, notes } = target;
  await control('resumption of the container', target, options, (call) =>
    agent.resumeContainer({ containerId }, call),
  );
  await notes?.notePaused(containerId, false);
}

/**
 * Reads what a container uses. Errors: as {@link pauseContainer}.
 * @param target the container
 * @param options limits
 */
export async function readStats(target: ControlTarget, options: WaitOptions = {}): Promise<ContainerStats> {
  const { agent, containerId } = target;
  return toContainerStats(
    await control('reading of statistics', target, options, (call) =>
      agent.statsContainer({ containerId }, call),
    ),
  );
}

/** Plugging takes an emulated guest seconds, once for each device. */
const growthTimeoutMs = 120_000;

/** A container whose machine may have to grow for its limits. */
export interface LimitsTarget extends ControlTarget {
  readonly agent: ContainerAgent & GrowthAgent;
  /** Absent: the machine stays as it is. */
  readonly room?: MachineRoom | undefined;
  /** How large the machine can be, if that is known. */
  readonly machine?: MachineTraits | undefined;
}

/**
 * Changes limits; the machine grows or shrinks with them, if it can. Errors: `invalid_options`, `tool_failed`, and as
 * {@link pauseContainer}.
 * @param target the container
 * @param limits the new ones
 * @param options limits of the call; default 10 s, or 120 s for a machine that gets more for its containers
 */
export async function updateLimits(
  target: LimitsTarget,
  limits: ContainerLimits,
  options: WaitOptions = {},
): Promise<void> {
  const { agent, containerId, room } = target;
  const changed = changedResources(limits);
  checkAgainstMachine(changed, target.machine);
  if (room !== undefined) {
    await withDeadline('update of the container', { timeoutMs: growthTimeoutMs, ...options }, (signal) =>
      room.update(containerId, changed, agent, signal),
    );
    return;
  }
  const resources = ociResourcesToGrpc(changed);
  await control('update of the container', target, options, (call) =>
    agent.updateContainer({ containerId, resources }, call),
  );
}
