// SPDX-License-Identifier: Apache-2.0
import { openVolume } from '../volumes/open-volume.ts';
import { volumeStats } from '../volumes/volume-stats.ts';
import type { HandlerFactory } from './rpc-context.ts';

/** Tells how full a volume is. */
export const getVolumeStats: HandlerFactory<'getVolumeStats'> =
  ({ components }) =>
  async ({ volumeGuestPath }) => {
    await using volume = openVolume(components, volumeGuestPath);
    return await volumeStats(volume.path);
  };
