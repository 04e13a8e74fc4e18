// SPDX-License-Identifier: Apache-2.0
import { ociSpecToGrpc, type OciLinux, type OciResources, type OciSpec } from '@hako/protocols';
import type { Spec } from '@hako/protocols/oci';

/** Namespaces that are the guest's own business: containers of a sandbox share its network, and cgroups start at its root. */
const namespacesLeftToGuest = ['cgroup', 'network', 'time', 'pid'];

/**
 * Translates a specification for the agent. What only means something on the host is taken out: hooks (they run on the
 * host), the seccomp profile (the guest kernel is the boundary), namespaces' paths, device rules, cpusets and labels.
 * @param spec the specification, with paths as the guest names them
 */
export function wireSpec(spec: OciSpec): Spec {
  const { process, linux } = spec;
  return ociSpecToGrpc({
    ...spec,
    hooks: undefined,
    ...(process === undefined ? {} : { process: { ...process, selinuxLabel: '' } }),
    ...(linux === undefined ? {} : { linux: guestLinux(linux) }),
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

function guestLinux(linux: OciLinux): OciLinux {
  const { resources, namespaces } = linux;
  return {
    ...linux,
    seccomp: undefined,
    mountLabel: '',
    namespaces: (namespaces ?? [])
      .filter(({ type }) => !namespacesLeftToGuest.includes(type))
      .map(({ type }) => ({ type })),
    ...(resources === undefined ? {} : { resources: guestResources(resources) }),
  };
}

function guestResources(resources: OciResources): OciResources {
  const { memory, cpu, hugepageLimits } = resources;
  return {
    ...(memory === undefined ? {} : { memory }),
    ...(cpu === undefined ? {} : { cpu: { ...cpu, cpus: undefined, mems: undefined } }),
    ...(hugepageLimits === undefined ? {} : { hugepageLimits }),
  };
}
