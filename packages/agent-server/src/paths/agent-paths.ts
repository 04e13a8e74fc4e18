// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path';

/** Where the agent keeps its files. In a guest everything lies below `/run`. */
export interface AgentPaths {
  /** Bundles and shared files: `/run/kata-containers`. */
  readonly kataDir: string;
  /** What the host shares, and the only place CopyFile writes to: `/run/kata-containers/shared/containers`. */
  readonly sharedDir: string;
  /** The name server list of the sandbox: `/run/kata-containers/sandbox/resolv.conf`. */
  readonly sandboxResolvConf: string;
  /** What the list is bound over: `/etc/resolv.conf`. */
  readonly resolvConf: string;
  /** Holds the ipc and uts namespaces all containers share: `/run/sandbox-ns`. */
  readonly namespacesDir: string;
  /** State, log and pid files of the OCI runtime: `/run/hako-agent`. */
  readonly runtimeDir: string;
  /** Files that describe devices by the Container Device Interface: `/run/cdi`. */
  readonly cdiDir: string;
  /** The group, below the cgroup mount, that all groups of containers lie in: `/`. */
  readonly cgroupParent: string;
}

/** Moves the fixed paths elsewhere, for a stand-alone agent beside others on one machine. */
export interface AgentPathsOptions {
  /** Takes the place of `/run`. */
  readonly runDir?: string;
  /** Takes the place of `/etc/resolv.conf`. */
  readonly resolvConf?: string;
  /** Absolute path below the cgroup mount; made with the first container. Default `/`. */
  readonly cgroupParent?: string;
}

/** The paths of an agent. */
export function createAgentPaths(options: AgentPathsOptions = {}): AgentPaths {
  const runDir = options.runDir ?? '/run';
  const kataDir = join(runDir, 'kata-containers');
  return {
    kataDir,
    sharedDir: join(kataDir, 'shared/containers'),
    sandboxResolvConf: join(kataDir, 'sandbox/resolv.conf'),
    resolvConf: options.resolvConf ?? '/etc/resolv.conf',
    namespacesDir: join(runDir, 'sandbox-ns'),
    runtimeDir: join(runDir, 'hako-agent'),
    cdiDir: join(runDir, 'cdi'),
    cgroupParent: options.cgroupParent ?? '/',
  };
}

/** The OCI bundle of a container whose id has been checked. */
export function bundleDirOf(paths: AgentPaths, containerId: string): string {
  return join(paths.kataDir, containerId);
}
