// SPDX-License-Identifier: Apache-2.0
import { bindDriver } from './bind.ts';
import { ephemeralDriver } from './ephemeral.ts';
import { localDriver } from './local.ts';
import { overlayFsDriver } from './overlayfs.ts';
import type { StorageDriver } from './storage-driver.ts';
import { virtioFsDriver } from './virtio-fs.ts';

/** Every kind of storage this agent knows, by the word in `Storage.driver`. */
export const storageDrivers: ReadonlyMap<string, StorageDriver> = new Map(
  [virtioFsDriver, overlayFsDriver, ephemeralDriver, localDriver, bindDriver].map((driver) => [
    driver.name,
    driver,
  ]),
);
