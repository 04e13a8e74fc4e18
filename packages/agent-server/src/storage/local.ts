// SPDX-License-Identifier: Apache-2.0
import { chmod, chown, mkdir, stat } from 'node:fs/promises';
import { AgentError } from '../errors/agent-error.ts';
import { numberOption } from './option-value.ts';
import type { StorageDriver } from './storage-driver.ts';

const setGroupId = 0o2000;

/** A directory on the guest's own storage that outlives the containers that use it. */
export const localDriver: StorageDriver = {
  name: 'local',
  async attach(storage) {
    if (storage.mountPoint === '')
      throw new AgentError('storage_failed', 'storage of driver local has no mount point');
    await mkdir(storage.mountPoint, { recursive: true });
    const groupId = numberOption(storage.options, 'fsgid', 10);
    const mode = numberOption(storage.options, 'mode', 8);
    if (groupId !== undefined) await chown(storage.mountPoint, (await stat(storage.mountPoint)).uid, groupId);
    // Changing the owner clears the set-group-id bit, so the mode comes last.
    if (mode !== undefined) await chmod(storage.mountPoint, groupId === undefined ? mode : mode | setGroupId);
    return undefined;
  },
};
