// SPDX-License-Identifier: Apache-2.0

/** What is for the host alone; large, or secret. */
const hostOnly = [
  'io.katacontainers.config.agent.policy',
  'io.katacontainers.config.hypervisor.cc_init_data',
];
const hostOnlyPrefix = 'cdi.k8s.io/';

/** By this name hooks of nerdctl find the network. */
const networkNamespaceKey = 'nerdctl/network-namespace';

/**
 * The annotations of a container as its hooks and the guest see them.
 * @param annotations those of the bundle
 * @param networkNamespace path of the sandbox's network namespace, if it has one
 */
export function sandboxAnnotations(
  annotations: Readonly<Record<string, string>>,
  networkNamespace: string | undefined,
): Record<string, string> {
  const kept = Object.entries(annotations).filter(
    ([key]) => !hostOnly.includes(key) && !key.startsWith(hostOnlyPrefix),
  );
  return Object.fromEntries(
    networkNamespace === undefined ? kept : [...kept, [networkNamespaceKey, networkNamespace]],
  );
}
