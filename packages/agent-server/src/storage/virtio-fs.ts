// SPDX-License-Identifier: Apache-2.0
import { sharedDirectoryTag } from '@hako/protocols';
import { mountAt } from '../system/mount-table.ts';
import { commonMount } from './common-mount.ts';
import type { StorageDriver } from './storage-driver.ts';

/** A directory of the host, shared by virtio-fs under a tag. */
export const virtioFsDriver: StorageDriver = {
  name: 'virtio-fs',
  async attach(storage, { mounter }) {
    if (storage.source === sharedDirectoryTag) {
      const present = mountAt(await mounter.list(), storage.mountPoint);
      // The image may have mounted the share before the agent was asked to.
      if (present?.source === sharedDirectoryTag) return storage.mountPoint;
    }
    await commonMount(storage, mounter);
    return storage.mountPoint;
  },
};
