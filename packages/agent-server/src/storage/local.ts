// SPDX-License-Identifier: Apache-2.0
import { AgentError } from '../errors/agent-error.ts';
import { numberOption } from './option-value.ts';
import type { StorageDriver } from './storage-driver.ts';
import { makeStorageDirectory, setOwnership } from './storage-place.ts';

/** A directory on the guest's own storage that outlives the containers that use it. */
export const localDriver: StorageDriver = {
  name: 'local',
  async attach(storage, context) {
    if (storage.mountPoint === '')
      throw new AgentError('storage_failed', 'storage of driver local has no mount point');
    const groupId = numberOption(storage.options, 'fsgid', 10);
    const mode = numberOption(storage.options, 'mode', 8);
    const place = await makeStorageDirectory(context, storage.mountPoint);
    setOwnership(context, place, { mode, groupId });
    return undefined;
  },
};
