// SPDX-License-Identifier: Apache-2.0
import { commonMount } from './common-mount.ts';
import { mountedStorage } from './mounted-storage.ts';
import type { StorageDriver } from './storage-driver.ts';

/** A directory or file of the guest under a second name. Upstream knows `bind` only as a file system type. */
export const bindDriver: StorageDriver = {
  name: 'bind',
  async attach(storage, context) {
    await commonMount({ ...storage, fstype: 'bind' }, context);
    return mountedStorage(storage.mountPoint, context);
  },
};
