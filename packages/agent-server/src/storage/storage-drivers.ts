// SPDX-License-Identifier: Apache-2.0
import { bindDriver } from './bind.ts';
import { diskDrivers } from './block.ts';
import { ephemeralDriver } from './ephemeral.ts';
import { layeredRootDriver } from './layers/layered-root.ts';
import { localDriver } from './local.ts';
import { overlayFsDriver } from './overlayfs.ts';
import type { StorageDriver } from './storage-driver.ts';
import { ninePDriver, virtioFsDriver } from './virtio-fs.ts';
import { createWatchableBindDriver } from './watchable/watchable-bind.ts';

/** Every kind of storage an agent knows, by the word in `Storage.driver`. Made per agent: some remember what they did. */
export function createStorageDrivers(): ReadonlyMap<string, StorageDriver> {
  const drivers = [
    virtioFsDriver,
    ninePDriver,
    ...diskDrivers,
    overlayFsDriver,
    ephemeralDriver,
    localDriver,
    bindDriver,
    createWatchableBindDriver(),
    layeredRootDriver,
  ];
  return new Map(drivers.map((driver) => [driver.name, driver]));
}
