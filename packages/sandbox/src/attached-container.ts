// SPDX-License-Identifier: Apache-2.0
import {
  pauseContainer,
  readStats,
  resumeContainer,
  updateLimits,
  type LimitsTarget,
} from './container/container-control.ts';
import type { ContainerLimits } from './container/container-limits.ts';
import type { ExecOptions } from './container/container-options.ts';
import type { ContainerStats } from './container/container-stats.ts';
import { execProcess, type ExecTarget } from './container/exec-process.ts';
import type { WaitOptions } from './deadline.ts';
import type { GuestProcess } from './process/guest-process.ts';
import type { ContainerNote } from './run/container-notes.ts';
import { matchId } from './run/match-id.ts';
import { SandboxError } from './sandbox-error.ts';

/** A container of a sandbox that another process owns. */
export interface AttachedContainer {
  readonly id: string;
  /** Starts one more program in it. Errors: as `Container.exec`. */
  exec(options: ExecOptions): Promise<GuestProcess>;
  /** Freezes it. The owner is not told. Errors: as `Container.pause`; `agent_failed` when it is frozen. */
  pause(options?: WaitOptions): Promise<void>;
  /** Lets it go on. Errors: as `Container.resume`; `agent_failed` when it is not frozen. */
  resume(options?: WaitOptions): Promise<void>;
  /** Reads what it uses. Errors: as `Container.stats`. */
  stats(options?: WaitOptions): Promise<ContainerStats>;
  /** Changes its limits; the machine grows or shrinks with them, if it can. Errors: as `Container.update`. */
  update(limits: ContainerLimits, options?: WaitOptions): Promise<void>;
}

/**
 * Makes the handle of a container.
 * @param target the container
 */
export function attachedContainer(target: ExecTarget & LimitsTarget): AttachedContainer {
  return {
    id: target.containerId,
    exec: (exec) => execProcess(target, exec),
    pause: (limits) => pauseContainer(target, limits),
    resume: (limits) => resumeContainer(target, limits),
    stats: (limits) => readStats(target, limits),
    update: (resources, limits) => updateLimits(target, resources, limits),
  };
}

/**
 * Finds a container by its id, or by the unique beginning of it. Error: `container_not_found`.
 * @param notes those of the sandbox
 * @param sandboxId for errors
 * @param id what is looked for
 */
export function findContainer(notes: readonly ContainerNote[], sandboxId: string, id: string): ContainerNote {
  const [first, second] = matchId(notes, id);
  if (first !== undefined && second === undefined) return first;
  const what = first === undefined ? 'has no container' : 'has several containers whose names begin with';
  throw new SandboxError('container_not_found', `sandbox ${sandboxId} ${what} ${JSON.stringify(id)}`, {
    remedy: 'see `hako ps --containers`',
  });
}
