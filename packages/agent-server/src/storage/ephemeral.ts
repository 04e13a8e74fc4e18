// SPDX-License-Identifier: Apache-2.0
import { commonMount } from './common-mount.ts';
import { reserveHugePages } from './huge-pages.ts';
import { numberOption, withoutOption } from './option-value.ts';
import type { StorageDriver } from './storage-driver.ts';
import { setOwnership } from './storage-place.ts';

/** A volume in memory that outlives the containers that use it: tmpfs or huge pages. */
export const ephemeralDriver: StorageDriver = {
  name: 'ephemeral',
  async attach(storage, context) {
    const groupId = numberOption(storage.options, 'fsgid', 10);
    if (storage.fstype === 'hugetlbfs') await reserveHugePages(storage);
    const options = withoutOption(storage.options, 'fsgid');
    const place = await commonMount({ ...storage, options }, context);
    setOwnership(context, place, { mode: undefined, groupId });
    return undefined;
  },
};
