// SPDX-License-Identifier: Apache-2.0
import type { OciResources } from '@hako/protocols';

import { resourcesOf, type ContainerLimits } from '../container/container-limits.ts';
import { mergeResources } from './merge-resources.ts';

/**
 * What a container gets of the machine: the limits of its specification that mean something in a guest, with the caller's
 * over them. CPU lists, device rules, block I/O and network classes of a specification speak of the host's CPUs and
 * devices and are left out, as upstream has it; a caller's speak of the guest's. Error: `invalid_options`.
 * @param specified limits of the image's specification
 * @param limits the caller's
 */
export function containerResources(
  specified: OciResources | undefined,
  limits: ContainerLimits = {},
): OciResources {
  return mergeResources(specified === undefined ? {} : guestResources(specified), resourcesOf(limits));
}

/**
 * What a container wants of the machine: as {@link containerResources}, with the host's CPU list, whose length counts.
 * @param specified limits of the image's specification
 * @param limits the caller's
 */
export function wantedResources(
  specified: OciResources | undefined,
  limits: ContainerLimits = {},
): OciResources {
  return mergeResources(specified ?? {}, resourcesOf(limits));
}

/** Limits that mean in a guest what they mean on the host. */
function guestResources({ memory, cpu, pids, hugepageLimits }: OciResources): OciResources {
  return {
    ...(memory === undefined ? {} : { memory }),
    ...(cpu === undefined ? {} : { cpu: { ...cpu, cpus: undefined, mems: undefined } }),
    ...(pids === undefined ? {} : { pids }),
    ...(hugepageLimits === undefined ? {} : { hugepageLimits }),
  };
}
