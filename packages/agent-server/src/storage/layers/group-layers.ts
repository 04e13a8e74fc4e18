// SPDX-License-Identifier: Apache-2.0
import type { Storage } from '@hako/protocols/agent';
import { isLayer, isUpper, layeredDriverName } from './layer-options.ts';

/** One thing to be attached: a storage, or all layers of a root file system. */
export interface StorageJob {
  /** Names the driver and the mount point. */
  readonly storage: Storage;
  /** Empty for a single storage. */
  readonly layers: readonly Storage[];
}

/** Puts the layers of a list together, where the first of them stands. They appear where the upper one says. */
export function groupLayers(storages: readonly Storage[]): StorageJob[] {
  const layers = storages.filter(isLayer);
  const [first] = layers;
  const leader = layers.find(isUpper) ?? first;
  return storages.flatMap((storage) => {
    if (!isLayer(storage)) return [{ storage, layers: [] }];
    if (storage !== first || leader === undefined) return [];
    return [{ storage: { ...leader, driver: layeredDriverName }, layers }];
  });
}
