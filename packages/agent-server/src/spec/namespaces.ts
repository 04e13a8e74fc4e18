// SPDX-License-Identifier: Apache-2.0
import type { OciNamespace, OciSpec } from '@hako/protocols';
import { AgentError } from '../errors/agent-error.ts';

/** Namespaces of the sandbox a container may join. */
export interface NamespaceChoices {
  /** Files of the shared ipc and uts namespaces; undefined before CreateSandbox. */
  readonly shared: { readonly ipc: string; readonly uts: string } | undefined;
  /** Join the pid namespace of the sandbox. */
  readonly sandboxPidns: boolean;
  /** That namespace; undefined when no container has been made, or its first process has ended. */
  readonly pidNamespace: string | undefined;
  /** Whether the sandbox has containers. */
  readonly hasContainers: boolean;
}

function withPath(type: string, path: string | undefined): OciNamespace {
  return path === undefined ? { type } : { type, path };
}

function pidNamespaceOf(choices: NamespaceChoices): OciNamespace {
  if (!choices.sandboxPidns) return { type: 'pid' };
  if (choices.pidNamespace === undefined && choices.hasContainers) {
    throw new AgentError('invalid_state', 'the sandbox has no pid namespace to share any more');
  }
  return withPath('pid', choices.pidNamespace);
}

/**
 * Replaces what the host says about namespaces, whose paths mean nothing in the guest: ipc and uts are shared by the
 * sandbox, there is exactly one pid namespace, and the network is the guest's own.
 *
 * A host name can only be set in a uts namespace of one's own, so it is dropped where the shared one is joined.
 *
 * @throws AgentError `invalid_spec` without a `linux` section, `invalid_state` when the pid namespace to share is missing
 */
export function placeNamespaces(spec: OciSpec, choices: NamespaceChoices): OciSpec {
  const { linux } = spec;
  if (linux === undefined) throw new AgentError('invalid_spec', 'the specification has no linux section');
  const kept = (linux.namespaces ?? []).flatMap((namespace): OciNamespace[] => {
    switch (namespace.type) {
      case 'network':
      case 'pid':
        return [];
      case 'ipc':
        return [withPath('ipc', choices.shared?.ipc)];
      case 'uts':
        return [withPath('uts', choices.shared?.uts)];
      default:
        return [namespace];
    }
  });
  const namespaces = [...kept, pidNamespaceOf(choices)];
  const sharesUts = namespaces.some(({ type, path }) => type === 'uts' && path !== undefined);
  const { hostname, ...rest } = spec;
  const placed: OciSpec = { ...rest, linux: { ...linux, namespaces } };
  return hostname === undefined || sharesUts ? placed : { ...placed, hostname };
}
