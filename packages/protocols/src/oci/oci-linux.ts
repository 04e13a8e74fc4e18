// SPDX-License-Identifier: Apache-2.0
import type { OciInteger } from './integer.ts';
import type { OciResources } from './oci-resources.ts';
import type { OciSeccomp } from './oci-seccomp.ts';

/** What is particular to Linux. */
export interface OciLinux {
  uidMappings?: OciIdMapping[] | undefined;
  gidMappings?: OciIdMapping[] | undefined;
  sysctl?: Record<string, string> | undefined;
  resources?: OciResources | undefined;
  cgroupsPath?: string | undefined;
  namespaces?: OciNamespace[] | undefined;
  devices?: OciDevice[] | undefined;
  seccomp?: OciSeccomp | undefined;
  rootfsPropagation?: string | undefined;
  maskedPaths?: string[] | undefined;
  readonlyPaths?: string[] | undefined;
  mountLabel?: string | undefined;
  intelRdt?: OciIntelRdt | undefined;
}

/** Maps a range of ids between container and host. */
export interface OciIdMapping {
  containerID: number;
  hostID: number;
  size: number;
}

/** A namespace to create, or to join when `path` is given. */
export interface OciNamespace {
  type: string;
  path?: string | undefined;
}

/** A device node in the container. */
export interface OciDevice {
  path: string;
  type: string;
  major?: OciInteger | undefined;
  minor?: OciInteger | undefined;
  fileMode?: number | undefined;
  uid?: number | undefined;
  gid?: number | undefined;
}

/** Intel Resource Director Technology; `l3CacheSchema` is the one property the wire has. */
export interface OciIntelRdt {
  l3CacheSchema?: string | undefined;
}
