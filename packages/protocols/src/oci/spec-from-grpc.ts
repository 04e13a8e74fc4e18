// SPDX-License-Identifier: Apache-2.0
import type { Hook, Hooks, Spec } from '../generated/oci.ts';
import { givenList, givenMap, givenText } from './absence.ts';
import { fromPositiveInt64 } from './integer.ts';
import { linuxFromGrpc } from './linux-from-grpc.ts';
import type { OciHook, OciHooks } from './oci-hooks.ts';
import type { OciSpec } from './oci-spec.ts';
import { grpcToOciProcess } from './process-from-grpc.ts';

/** Version to state when a message has none; every OCI runtime accepts it. */
const assumedVersion = '1.0.2';

function hooksFromGrpc(hooks: Hooks): OciHooks {
  const list = (entries: readonly Hook[]): OciHook[] | undefined =>
    givenList(
      entries.map((hook) => ({
        path: hook.Path,
        args: givenList(hook.Args),
        env: givenList(hook.Env),
        timeout: fromPositiveInt64(hook.Timeout),
      })),
    );
  return {
    prestart: list(hooks.Prestart),
    createRuntime: list(hooks.CreateRuntime),
    createContainer: list(hooks.CreateContainer),
    startContainer: list(hooks.StartContainer),
    poststart: list(hooks.Poststart),
    poststop: list(hooks.Poststop),
  };
}

/**
 * Reads a container specification back from the message of CreateContainer.
 *
 * Scalars have no presence on the wire: empty strings, empty lists and, where noted in the messages, zeros become
 * absent. Names that an OCI runtime has to understand (capabilities, limits, namespaces, device types, seccomp) are
 * checked here and throw `invalid_spec` when unknown. An AppArmor profile, an SELinux label and Intel RDT are carried
 * as they are; whether the guest can honour them is for the caller to decide.
 *
 * Three departures from upstream's agent, all harmless to its hosts: `poststop` hooks are the real list, a process
 * limit above 0 is kept, and negative numbers in device rules stay wildcards.
 */
export function grpcToOciSpec(spec: Spec): OciSpec {
  return {
    ociVersion: givenText(spec.Version) ?? assumedVersion,
    process: spec.Process && grpcToOciProcess(spec.Process),
    root: spec.Root && { path: spec.Root.Path, readonly: spec.Root.Readonly },
    hostname: givenText(spec.Hostname),
    mounts: givenList(
      spec.Mounts.map((mount) => ({
        destination: mount.destination,
        type: givenText(mount.type),
        source: givenText(mount.source),
        options: givenList(mount.options),
      })),
    ),
    hooks: spec.Hooks && hooksFromGrpc(spec.Hooks),
    annotations: givenMap(spec.Annotations),
    linux: spec.Linux && linuxFromGrpc(spec.Linux),
  };
}
