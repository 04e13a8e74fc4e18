// SPDX-License-Identifier: Apache-2.0
import { openRoot } from '@hako/linux';
import type { GuestSystem, NamespaceRequest } from '../system/guest-system.ts';

/** A kernel that only takes notes; files below a root are real. */
export interface FakeSystem extends GuestSystem {
  readonly namespaces: readonly NamespaceRequest[];
  readonly dateTimes: readonly (readonly [seconds: bigint, microseconds: bigint])[];
  readonly entropy: readonly Uint8Array[];
  /** Thrown by the next call that would change something. */
  failure: Error | undefined;
}

/** A {@link FakeSystem} nobody has asked anything of. */
export function createFakeSystem(): FakeSystem {
  const namespaces: NamespaceRequest[] = [];
  const dateTimes: (readonly [bigint, bigint])[] = [];
  const entropy: Uint8Array[] = [];
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
    failure: undefined,
    openRoot: (path) => openRoot(path),
    pinNamespaces: (request) => note(() => namespaces.push(request)),
    setDateTime: (seconds, microseconds) => note(() => dateTimes.push([seconds, microseconds])),
    addRandomEntropy: (bytes) => note(() => entropy.push(bytes)),
  };
  return system;
}
