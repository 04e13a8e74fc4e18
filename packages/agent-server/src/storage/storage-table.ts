// SPDX-License-Identifier: Apache-2.0
import type { Storage } from '@hako/protocols/agent';
import { attachStorage } from './attach-storage.ts';
import { groupLayers, type StorageJob } from './layers/group-layers.ts';
import type { AttachedStorage, StorageContext, StorageDriver, StorageTools } from './storage-driver.ts';

/** What the table of storages works with. */
export interface StorageComponents {
  readonly tools: StorageTools;
  readonly drivers: ReadonlyMap<string, StorageDriver>;
}

interface Entry {
  users: number;
  readonly shared: boolean;
  /** Settles when the driver has finished. */
  readonly attached: Promise<AttachedStorage | undefined>;
}

/** Whom storages are for. */
export type StorageUser = Pick<StorageContext, 'containerId' | 'signal'>;

/** The storages of a sandbox, counted by mount point across its containers. */
export interface StorageTable {
  /**
   * Attaches a list in its order. When one fails, those before it are released again.
   *
   * @returns the mount points the caller holds, to be given to {@link StorageTable.release}
   * @throws AgentError `unknown_storage_driver`, `storage_failed`, `path_refused`, `timed_out`; the reason of the signal
   */
  acquire(storages: readonly Storage[], user: StorageUser): Promise<readonly string[]>;
  /** Gives mount points back, last one first; the last user unmounts. The first failure is thrown after all were tried. */
  release(mountPoints: readonly string[]): Promise<void>;
}

/** An empty {@link StorageTable}. */
export function createStorageTable({ tools, drivers }: StorageComponents): StorageTable {
  const entries = new Map<string, Entry>();

  /** @returns whether the caller holds the mount point */
  async function acquireOne({ storage, layers }: StorageJob, user: StorageUser): Promise<boolean> {
    const key = storage.mountPoint;
    const present = entries.get(key);
    if (present !== undefined) {
      present.users += 1;
      // A failed attach removes the entry, so its other users have nothing to give back.
      return (await present.attached) !== undefined;
    }
    const attached = attachStorage(storage, drivers, { ...tools, ...user, layers });
    const entry: Entry = { users: 1, shared: storage.shared, attached };
    entries.set(key, entry);
    try {
      return (await entry.attached) !== undefined;
    } catch (error) {
      entries.delete(key);
      throw error;
    }
  }

  async function releaseOne(mountPoint: string): Promise<void> {
    const entry = entries.get(mountPoint);
    if (entry === undefined) return;
    entry.users -= 1;
    if (entry.users > 0) return;
    if (entry.shared) {
      entry.users = 1;
      return;
    }
    entries.delete(mountPoint);
    const attached = await entry.attached;
    await attached?.detach();
  }

  async function release(mountPoints: readonly string[]): Promise<void> {
    const failures: unknown[] = [];
    for (const mountPoint of mountPoints.toReversed()) {
      try {
        await releaseOne(mountPoint);
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw failures[0];
  }

  return {
    async acquire(storages, user) {
      const held: string[] = [];
      try {
        for (const job of groupLayers(storages)) {
          if (await acquireOne(job, user)) held.push(job.storage.mountPoint);
        }
        return held;
      } catch (error) {
        await release(held).catch((secondary: unknown) => {
          tools.logger.warn({ error: secondary }, 'storages of a failed request could not be released');
        });
        throw error;
      }
    },
    release,
  };
}
