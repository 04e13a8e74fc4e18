// SPDX-License-Identifier: Apache-2.0
import { rmdir } from 'node:fs/promises';
import type { Storage } from '@hako/protocols/agent';
import { AgentError } from '../errors/agent-error.ts';
import { errnoName } from '../errors/describe-error.ts';
import type { Logger } from '../logging/logger.ts';
import type { AgentPaths } from '../paths/agent-paths.ts';
import { mountAt } from '../system/mount-table.ts';
import type { Mounter } from '../system/mounter.ts';
import { applyFsGroup } from './fs-group.ts';
import type { StorageDriver } from './storage-driver.ts';

/** What the table of storages works with. */
export interface StorageComponents {
  readonly mounter: Mounter;
  readonly paths: AgentPaths;
  readonly drivers: ReadonlyMap<string, StorageDriver>;
  readonly logger: Logger;
}

interface Entry {
  users: number;
  readonly shared: boolean;
  /** Settles when the driver has finished; gives the path to clean up. */
  readonly attached: Promise<string | undefined>;
}

/** The storages of a sandbox, counted by mount point across its containers. */
export interface StorageTable {
  /**
   * Attaches a list in its order. When one fails, those before it are released again.
   *
   * @returns the mount points the caller holds, to be given to {@link StorageTable.release}
   * @throws AgentError `unknown_storage_driver`, `storage_failed`
   */
  acquire(storages: readonly Storage[], containerId: string | undefined): Promise<readonly string[]>;
  /** Gives mount points back, last one first; the last user unmounts. The first failure is thrown after all were tried. */
  release(mountPoints: readonly string[]): Promise<void>;
}

/** An empty {@link StorageTable}. */
export function createStorageTable(components: StorageComponents): StorageTable {
  const { mounter, paths, drivers, logger } = components;
  const entries = new Map<string, Entry>();

  async function attach(storage: Storage, containerId: string | undefined): Promise<string | undefined> {
    const driver = drivers.get(storage.driver);
    if (driver === undefined) {
      throw new AgentError('unknown_storage_driver', `no storage driver ${JSON.stringify(storage.driver)}`, {
        operand: storage.driver,
      });
    }
    try {
      const path = await driver.attach(storage, { mounter, paths, containerId });
      await applyFsGroup(storage);
      return path;
    } catch (error) {
      if (error instanceof AgentError) throw error;
      throw new AgentError('storage_failed', `storage ${storage.driver} on ${storage.mountPoint} failed`, {
        operand: storage.mountPoint,
        cause: error,
      });
    }
  }

  /** @returns whether the caller holds the mount point */
  async function acquireOne(storage: Storage, containerId: string | undefined): Promise<boolean> {
    const key = storage.mountPoint;
    const present = entries.get(key);
    if (present !== undefined) {
      present.users += 1;
      // A failed attach removes the entry, so its other users have nothing to give back.
      return (await present.attached) !== undefined;
    }
    const entry: Entry = { users: 1, shared: storage.shared, attached: attach(storage, containerId) };
    entries.set(key, entry);
    try {
      return (await entry.attached) !== undefined;
    } catch (error) {
      entries.delete(key);
      throw error;
    }
  }

  async function cleanUp(path: string): Promise<void> {
    if (mountAt(await mounter.list(), path) !== undefined) mounter.unmount(path);
    try {
      await rmdir(path);
    } catch (error) {
      if (errnoName(error) !== 'ENOTEMPTY') return;
      throw new AgentError('storage_failed', `storage ${path} is not empty after unmounting`, {
        operand: path,
        cause: error,
      });
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
    const path = await entry.attached;
    if (path !== undefined) await cleanUp(path);
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
    async acquire(storages, containerId) {
      const held: string[] = [];
      try {
        for (const storage of storages) {
          if (await acquireOne(storage, containerId)) held.push(storage.mountPoint);
        }
        return held;
      } catch (error) {
        await release(held).catch((secondary: unknown) => {
          logger.warn({ error: secondary }, 'storages of a failed request could not be released');
        });
        throw error;
      }
    },
    release,
  };
}
