// SPDX-License-Identifier: Apache-2.0
import type { OciInteger } from './integer.ts';

/** The process of a container. */
export interface OciProcess {
  terminal?: boolean | undefined;
  consoleSize?: OciConsoleSize | undefined;
  user?: OciUser | undefined;
  args?: string[] | undefined;
  env?: string[] | undefined;
  cwd: string;
  capabilities?: OciCapabilities | undefined;
  rlimits?: OciRlimit[] | undefined;
  noNewPrivileges?: boolean | undefined;
  apparmorProfile?: string | undefined;
  oomScoreAdj?: OciInteger | undefined;
  selinuxLabel?: string | undefined;
}

/** Size of a console, in characters. */
export interface OciConsoleSize {
  height: number;
  width: number;
}

/** Numeric ids of the process's user. */
export interface OciUser {
  uid: number;
  gid: number;
  additionalGids?: number[] | undefined;
  username?: string | undefined;
}

/** Capability sets, by names such as `CAP_NET_RAW`. A set that is absent is empty. */
export interface OciCapabilities {
  bounding?: string[] | undefined;
  effective?: string[] | undefined;
  inheritable?: string[] | undefined;
  permitted?: string[] | undefined;
  ambient?: string[] | undefined;
}

/** A resource limit, by a name such as `RLIMIT_NOFILE`. */
export interface OciRlimit {
  type: string;
  hard: OciInteger;
  soft: OciInteger;
}
