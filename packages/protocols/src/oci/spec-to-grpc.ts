// SPDX-License-Identifier: Apache-2.0
import type { Hook, Hooks, Spec } from '../generated/oci.ts';
import { toInt64 } from './integer.ts';
import { linuxToGrpc } from './linux-to-grpc.ts';
import type { OciHook, OciHooks } from './oci-hooks.ts';
import type { OciSpec } from './oci-spec.ts';
import { ociProcessToGrpc } from './process-to-grpc.ts';

function hooksToGrpc(hooks: OciHooks): Hooks {
  const list = (name: keyof OciHooks): Hook[] =>
    (hooks[name] ?? []).map((hook: OciHook, index): Hook => ({
      Path: hook.path,
      Args: hook.args ?? [],
      Env: hook.env ?? [],
      Timeout: toInt64(hook.timeout, `hooks.${name}[${index}].timeout`),
    }));
  return {
    Prestart: list('prestart'),
    Poststart: list('poststart'),
    Poststop: list('poststop'),
    CreateRuntime: list('createRuntime'),
    CreateContainer: list('createContainer'),
    StartContainer: list('startContainer'),
  };
}

/**
 * Gives a container specification as the message of CreateContainer, value by value and without judging it.
 *
 * What the message has no field for vanishes, as with upstream's host. Throws `invalid_spec` for a number outside its
 * range on the wire.
 */
export function ociSpecToGrpc(spec: OciSpec): Spec {
  return {
    Version: spec.ociVersion,
    Process: spec.process && ociProcessToGrpc(spec.process),
    Root: spec.root && { Path: spec.root.path, Readonly: spec.root.readonly ?? false },
    Hostname: spec.hostname ?? '',
    Mounts: (spec.mounts ?? []).map((mount) => ({
      destination: mount.destination,
      source: mount.source ?? '',
      type: mount.type ?? '',
      options: mount.options ?? [],
    })),
    Hooks: spec.hooks && hooksToGrpc(spec.hooks),
    Annotations: spec.annotations ?? {},
    Linux: spec.linux && linuxToGrpc(spec.linux),
    Solaris: undefined,
    Windows: undefined,
  };
}
