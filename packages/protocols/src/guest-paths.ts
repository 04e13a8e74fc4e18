// SPDX-License-Identifier: Apache-2.0

/**
 * Directories and files inside the guest that host and agent agree on.
 *
 * Directories that travel as a mount point keep the final slash they have on the wire.
 */
export const guestPaths = {
  /** Holds one bundle directory per container. */
  bundles: '/run/kata-containers',
  /** Where the shared directory of the host is mounted; container root file systems and volumes lie below it. */
  sharedContainers: '/run/kata-containers/shared/containers/',
  /** Copies of ConfigMaps and Secrets that the agent keeps up to date, so that inotify works on them. */
  watchable: '/run/kata-containers/shared/containers/watchable/',
  /** Mounts that belong to the sandbox rather than to one container. */
  sandboxMounts: '/run/kata-containers/shared/containers/sandbox-mounts/',
  /** Shared memory of all containers of the sandbox. */
  sandboxShm: '/run/kata-containers/sandbox/shm',
  /** Ephemeral volumes on tmpfs or hugetlbfs. */
  sandboxEphemeral: '/run/kata-containers/sandbox/ephemeral/',
  /** Mount points of block volumes. */
  sandboxStorage: '/run/kata-containers/sandbox/storage/',
  /** File system layers given as options of the root file system. */
  sandboxLayers: '/run/kata-containers/sandbox/layers/',
  /** Resolver configuration written by CreateSandbox. */
  sandboxResolvConf: '/run/kata-containers/sandbox/resolv.conf',
  /** Pinned IPC and UTS namespaces that all containers join. */
  sharedNamespaces: '/var/run/sandbox-ns/',
} as const;

/**
 * Directory of a container's bundle in the guest: `config.json` and the mount point of its root file system.
 *
 * @param containerId - An id that has already been checked; it becomes a path component as it is.
 */
export function guestBundlePath(containerId: string): string {
  return `${guestPaths.bundles}/${containerId}`;
}

/**
 * Root file system of a container below the shared directory, as the host names it in `Spec.Root.Path`.
 *
 * @param containerId - An id that has already been checked; it becomes a path component as it is.
 * @param suffix - Name below the container's directory; empty for a root file system that fills a block device.
 */
export function guestRootfsPath(containerId: string, suffix = 'rootfs'): string {
  return `${guestPaths.sharedContainers}${containerId}${suffix === '' ? '' : `/${suffix}`}`;
}
