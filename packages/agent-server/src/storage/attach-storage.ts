// SPDX-License-Identifier: Apache-2.0
import type { Storage } from '@hako/protocols/agent';
import { AgentError } from '../errors/agent-error.ts';
import { applyFsGroup } from './fs-group.ts';
import type { AttachedStorage, StorageContext, StorageDriver } from './storage-driver.ts';
import { storagePlace } from './storage-place.ts';

async function runDriver(
  driver: StorageDriver,
  storage: Storage,
  context: StorageContext,
): Promise<AttachedStorage | undefined> {
  const attached = await driver.attach(storage, context);
  try {
    if (storage.fsGroup !== undefined) {
      await applyFsGroup(storage, storagePlace(context.paths, storage.mountPoint), context.system);
    }
    return attached;
  } catch (error) {
    // What comes after this is of less interest than what led to it.
    await attached?.detach().catch(() => undefined);
    throw error;
  }
}

/**
 * Makes a storage appear by its driver, and gives it to its group.
 *
 * @returns undefined when it stays until the sandbox ends
 * @throws AgentError `unknown_storage_driver`, `storage_failed`, `path_refused`, `timed_out`; the reason of the signal
 */
export async function attachStorage(
  storage: Storage,
  drivers: ReadonlyMap<string, StorageDriver>,
  context: StorageContext,
): Promise<AttachedStorage | undefined> {
  const driver = drivers.get(storage.driver);
  if (driver === undefined) {
    throw new AgentError('unknown_storage_driver', `no storage driver ${JSON.stringify(storage.driver)}`, {
      operand: storage.driver,
    });
  }
  try {
    return await runDriver(driver, storage, context);
  } catch (error) {
    if (error instanceof AgentError) throw error;
    context.signal.throwIfAborted();
    throw new AgentError('storage_failed', `storage ${storage.driver} on ${storage.mountPoint} failed`, {
      operand: storage.mountPoint,
      cause: error,
    });
  }
}
