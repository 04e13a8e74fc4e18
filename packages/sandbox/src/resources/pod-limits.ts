// SPDX-License-Identifier: Apache-2.0
import type { ContainerLimits } from '../container/container-limits.ts';
import type { ContainerImage } from '../image/container-image.ts';
import { numberOf } from './resource-demand.ts';

/** Annotations in which Kubernetes' runtimes tell the limits of a whole pod, see containerd's `pkg/cri/annotations`. */
const podAnnotations = {
  memoryBytes: 'io.kubernetes.cri.sandbox-memory',
  cpuPeriodUs: 'io.kubernetes.cri.sandbox-cpu-period',
  cpuQuotaUs: 'io.kubernetes.cri.sandbox-cpu-quota',
  cpuShares: 'io.kubernetes.cri.sandbox-cpu-shares',
} as const satisfies Partial<Record<keyof ContainerLimits, string>>;

/**
 * Reads off an image for how much its machine is to be sized, once and for all: what its annotations say of its pod, else
 * its own limits. Numbers that say nothing (0, negative ones, what is no number) are left out.
 * @param image the first container's
 */
export function podLimits({ spec }: Pick<ContainerImage, 'spec'>): { readonly podLimits?: ContainerLimits } {
  const { annotations = {}, linux } = spec ?? {};
  const { cpu, memory } = linux?.resources ?? {};
  const ofPod = present(
    Object.entries(podAnnotations).map(([name, annotation]) => [name, Number(annotations[annotation] ?? 0)]),
  );
  const own = present([
    ['memoryBytes', numberOf(memory?.limit)],
    ['cpuPeriodUs', numberOf(cpu?.period)],
    ['cpuQuotaUs', numberOf(cpu?.quota)],
    ['cpuShares', numberOf(cpu?.shares)],
  ]);
  const limits = Object.keys(ofPod).length > 0 ? ofPod : own;
  return Object.keys(limits).length > 0 ? { podLimits: limits } : {};
}

function present(entries: readonly (readonly [string, number])[]): ContainerLimits {
  return Object.fromEntries(entries.filter(([, value]) => Number.isSafeInteger(value) && value > 0));
}
