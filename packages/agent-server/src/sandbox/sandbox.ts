// SPDX-License-Identifier: Apache-2.0
import { createContainerTable, type ContainerTable } from '../container/container-table.ts';
import { createMutex, type Mutex } from '../concurrency/mutex.ts';
import { AgentError } from '../errors/agent-error.ts';
import { type GuestHooks, noGuestHooks } from '../hooks/guest-hooks.ts';
import type { StorageTable } from '../storage/storage-table.ts';
import { createOomQueue, type OomQueue } from './oom-queue.ts';
import type { SharedPidNamespace } from './pid-namespace.ts';

/** Files that keep the namespaces all containers share. */
export interface SharedNamespaces {
  readonly ipc: string;
  readonly uts: string;
}

/** What the agent knows about its one sandbox. */
export interface Sandbox {
  /** Empty until CreateSandbox gives one. */
  id: string;
  hostname: string;
  /** Undefined until CreateSandbox. */
  sharedNamespaces: SharedNamespaces | undefined;
  /** Undefined until the first container. */
  pidNamespace: SharedPidNamespace | undefined;
  guestHooks: GuestHooks;
  /** Mount points of storages the sandbox itself holds. */
  storagesHeld: readonly string[];
  /** Whether the name servers of the host have been bound over the guest's. */
  hasOwnDns: boolean;
  readonly containers: ContainerTable;
  /** Held while a container is made that may become the first. */
  readonly firstTurn: Mutex;
  readonly storages: StorageTable;
  /** Containers that have run out of memory. */
  readonly oomEvents: OomQueue;
  /** Resolves when the host has destroyed the sandbox. */
  readonly destroyed: Promise<void>;
  /**
   * Ends the sandbox.
   *
   * @throws AgentError `shutting_down` the second time
   */
  finish(): void;
}

/** The sandbox of an agent that has just started. */
export function createSandboxState(storages: StorageTable): Sandbox {
  const { promise: destroyed, resolve } = Promise.withResolvers<undefined>();
  const oomEvents = createOomQueue();
  let finished = false;
  return {
    id: '',
    hostname: '',
    sharedNamespaces: undefined,
    pidNamespace: undefined,
    guestHooks: noGuestHooks,
    storagesHeld: [],
    hasOwnDns: false,
    containers: createContainerTable(),
    firstTurn: createMutex(),
    storages,
    oomEvents,
    destroyed: destroyed.then(() => undefined),
    finish() {
      if (finished) throw new AgentError('shutting_down', 'the sandbox has been destroyed already');
      finished = true;
      oomEvents.close();
      resolve(undefined);
    },
  };
}
