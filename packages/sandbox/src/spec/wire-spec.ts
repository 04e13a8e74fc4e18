// SPDX-License-Identifier: Apache-2.0
import { ociSpecToGrpc, type OciDevice, type OciLinux, type OciProcess, type OciSpec } from '@hako/protocols';
import type { Spec } from '@hako/protocols/oci';

import type { ContainerLimits } from '../container/container-limits.ts';
import { containerResources } from '../resources/container-resources.ts';
import { deviceRules } from './device-rules.ts';
import { guestLabel, type GuestSecurity } from './guest-security.ts';

/** Namespaces that are the guest's own business: containers of a sandbox share its network, and cgroups start at its root. */
const namespacesLeftToGuest = ['cgroup', 'network', 'time', 'pid'];

/** How a specification is edited for the agent. */
export interface WireEdits extends GuestSecurity {
  /** Whether VFIO devices become those of the guest's kernel rather than nodes below `/dev/vfio`. Default false. */
  readonly isVfioForKernel?: boolean;
  /** Nodes of the host behind each NUMA node of the guest. Default: the guest has none. */
  readonly hostNodes?: readonly (readonly number[])[] | undefined;
}

/**
 * Translates a specification for the agent. What only means something on the host is taken out: hooks (they run on the
 * host), namespaces' paths, the rules for devices of the host, cpusets, and labels unless the guest has SELinux. Memory nodes
 * become those of the guest.
 * @param spec the specification, with paths as the guest names them
 * @param limits the caller's, over those of the specification
 * @param edits what is for the guest; checked
 */
export function wireSpec(spec: OciSpec, limits: ContainerLimits = {}, edits: WireEdits = {}): Spec {
  const { process, linux } = spec;
  return ociSpecToGrpc({
    ...spec,
    hooks: undefined,
    ...(process === undefined ? {} : { process: guestProcess(process, edits) }),
    ...(linux === undefined ? {} : { linux: guestLinux(linux, limits, edits) }),
  });
}

/**
 * Tells whether a container joins the sandbox's process namespace: its specification names one to join.
 * @param spec the container's specification
 */
export function sharesPidNamespace(spec: OciSpec): boolean {
  const pid = spec.linux?.namespaces?.find(({ type }) => type === 'pid');
  return pid?.path !== undefined && pid.path !== '';
}

function guestProcess(process: OciProcess, { selinux = false }: WireEdits): OciProcess {
  return { ...process, selinuxLabel: guestLabel(process.selinuxLabel ?? '', selinux) };
}

function guestLinux(linux: OciLinux, limits: ContainerLimits, edits: WireEdits): OciLinux {
  const { seccomp = true, selinux = false, isVfioForKernel = false } = edits;
  const devices = (linux.devices ?? []).filter((device) => !(isVfioForKernel && isVfioNode(device)));
  const rules = deviceRules(devices);
  const resources = {
    ...containerResources(linux.resources, limits, edits.hostNodes),
    ...(rules.length === 0 ? {} : { devices: [...rules] }),
  };
  return {
    ...linux,
    ...(seccomp ? {} : { seccomp: undefined }),
    ...(selinux === false ? { mountLabel: '' } : {}),
    devices,
    namespaces: (linux.namespaces ?? [])
      .filter(({ type }) => !namespacesLeftToGuest.includes(type))
      .map(({ type }) => ({ type })),
    resources: Object.keys(resources).length === 0 ? undefined : resources,
  };
}

function isVfioNode({ type, path }: OciDevice): boolean {
  return (type === 'c' || type === 'u') && path.startsWith('/dev/vfio/');
}
