// SPDX-License-Identifier: Apache-2.0
import type { OciResources } from '@hako/protocols';
import type { ContainerCgroup, LimitProblem } from '../cgroup/container-cgroup.ts';
import { type LenientLimits, present, sortResources } from '../cgroup/sort-resources.ts';
import type { Logger } from '../logging/logger.ts';
import type { OciRuntime } from '../runtime/oci-runtime.ts';

/** What sets the limits of one container. */
export interface LimitedContainer {
  readonly id: string;
  readonly runtime: OciRuntime;
  readonly cgroup: ContainerCgroup;
  readonly cgroupVersion: 1 | 2;
  readonly logger: Logger;
}

function note({ logger, id }: LimitedContainer, problems: readonly LimitProblem[]): void {
  for (const { file, error } of problems) {
    logger.warn({ 'container-id': id, file, error: error ?? 'not there' }, 'limit could not be set');
  }
}

/** Sets limits that may fail; failures are logged. */
export async function applyLenientLimits(container: LimitedContainer, limits: LenientLimits): Promise<void> {
  note(container, await container.cgroup.limit(limits));
}

/** The limits after a change: what it does not name stays. */
export function mergeResources(current: OciResources, changes: OciResources): OciResources {
  const merged = { ...current, ...present(changes) };
  if (changes.memory !== undefined) merged.memory = { ...current.memory, ...present(changes.memory) };
  if (changes.cpu !== undefined) merged.cpu = { ...current.cpu, ...present(changes.cpu) };
  return merged;
}

/**
 * Adds the other halves of limits that come in pairs: a swap limit is a sum, which says nothing without the memory limit,
 * and a quota alone would be taken with the kernel's default period.
 */
function withOtherHalves(changes: OciResources, { memory, cpu }: OciResources): OciResources {
  const whole = { ...changes };
  if (changes.memory?.swap !== undefined)
    whole.memory = present({ limit: memory?.limit, ...present(changes.memory) });
  if (changes.cpu?.quota !== undefined || changes.cpu?.period !== undefined) {
    whole.cpu = present({ quota: cpu?.quota, period: cpu?.period, ...present(changes.cpu) });
  }
  return whole;
}

/**
 * Applies changed limits. Device rules are those of the container's making: an update would name the host's numbers.
 *
 * @param current - the limits so far
 * @throws AgentError `invalid_spec`, `runtime_failed`
 */
export async function applyResources(
  container: LimitedContainer,
  resources: OciResources,
  current: OciResources,
): Promise<void> {
  const { id, runtime, cgroupVersion, logger } = container;
  const changes = withOtherHalves(resources, current);
  delete changes.devices;
  const { strict, lenient, dropped } = sortResources(changes, cgroupVersion);
  if (dropped.length > 0)
    logger.info({ 'container-id': id, limits: dropped }, 'limits this kernel does not have');
  if (Object.keys(strict).length > 0) await runtime.update(id, strict);
  await applyLenientLimits(container, lenient);
}

/** Gives a container with a list of CPUs that list again, in groups that may use all CPUs that are online. */
export async function refreshCpuset(
  container: LimitedContainer,
  { cpu }: OciResources,
  online: string,
): Promise<void> {
  if (cpu?.cpus === undefined) return;
  note(container, await container.cgroup.widenParents(online));
  await applyLenientLimits(container, { cpus: cpu.cpus, hugepages: [] });
}
