// SPDX-License-Identifier: Apache-2.0
import type { OciHooks } from './oci-hooks.ts';
import type { OciLinux } from './oci-linux.ts';
import type { OciProcess } from './oci-process.ts';

/**
 * A container: `config.json` of the OCI runtime specification, as far as it has a place in the agent's messages.
 *
 * Source: OCI runtime specification 1.2, config.md and config-linux.md. Properties that are not named here are
 * kept by `parseOciSpec` and dropped by `ociSpecToGrpc`.
 */
export interface OciSpec {
  ociVersion: string;
  process?: OciProcess | undefined;
  root?: OciRoot | undefined;
  hostname?: string | undefined;
  mounts?: OciMount[] | undefined;
  hooks?: OciHooks | undefined;
  annotations?: Record<string, string> | undefined;
  linux?: OciLinux | undefined;
}

/** The root file system; `path` is absolute or relative to the bundle. */
export interface OciRoot {
  path: string;
  readonly?: boolean | undefined;
}

/** A mount in the container, made in the order of the list. */
export interface OciMount {
  destination: string;
  type?: string | undefined;
  source?: string | undefined;
  options?: string[] | undefined;
}
