// SPDX-License-Identifier: Apache-2.0
import { openRoot } from '@hako/linux';
import type { GuestSystem, MappedTarget, MountPlace, NamespaceRequest } from '../system/guest-system.ts';

/** A kernel that only takes notes; files below a root are real. */
export interface FakeSystem extends GuestSystem {
  readonly namespaces: readonly NamespaceRequest[];
  readonly dateTimes: readonly (readonly [seconds: bigint, microseconds: bigint])[];
  readonly entropy: readonly Uint8Array[];
  /** Paths that have become swap. */
  readonly swaps: readonly string[];
  /** Sizes that file systems have been given, in blocks. */
  readonly growths: readonly (readonly [fstype: string, blocks: bigint])[];
  /** Mounts of one process that another one sees too. */
  readonly sharedMounts: readonly (readonly [source: MountPlace, target: MountPlace])[];
  /** Devices of the device mapper that are there, by name. */
  readonly mappedDevices: ReadonlyMap<string, MappedTarget>;
  /** Thrown by the next call that would change something. */
  failure: Error | undefined;
}

/** A {@link FakeSystem} nobody has asked anything of. */
export function createFakeSystem(): FakeSystem {
  const namespaces: NamespaceRequest[] = [];
  const dateTimes: (readonly [bigint, bigint])[] = [];
  const entropy: Uint8Array[] = [];
  const swaps: string[] = [];
  const growths: (readonly [string, bigint])[] = [];
  const sharedMounts: (readonly [MountPlace, MountPlace])[] = [];
  const mappedDevices = new Map<string, MappedTarget>();
  const note = (write: () => void) => {
    const { failure } = system;
    system.failure = undefined;
    if (failure !== undefined) throw failure;
    write();
  };
  const system: FakeSystem = {
    namespaces,
    dateTimes,
    entropy,
    swaps,
    growths,
    sharedMounts,
    mappedDevices,
    failure: undefined,
    openRoot: (path) => openRoot(path),
    pinNamespaces: (request) => note(() => namespaces.push(request)),
    setDateTime: (seconds, microseconds) => note(() => dateTimes.push([seconds, microseconds])),
    addRandomEntropy: (bytes) => note(() => entropy.push(bytes)),
    enableSwap: (path) => note(() => swaps.push(path)),
    growFileSystem: (_fd, fstype, blocks) => note(() => growths.push([fstype, blocks])),
    shareMount: (source, target) => note(() => sharedMounts.push([source, target])),
    createMappedDevice: async (name, target) => {
      await Promise.resolve();
      note(() => mappedDevices.set(name, target));
      return `/dev/dm-${mappedDevices.size - 1}`;
    },
    removeMappedDevice: async (name) => {
      await Promise.resolve();
      note(() => mappedDevices.delete(name));
    },
  };
  return system;
}
