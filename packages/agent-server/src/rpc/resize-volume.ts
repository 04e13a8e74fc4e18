// SPDX-License-Identifier: Apache-2.0
import { openVolume } from '../volumes/open-volume.ts';
import { resizeVolume } from '../volumes/resize-volume.ts';
import type { HandlerFactory } from './rpc-context.ts';

/**
 * Grows a volume whose disk the host has made larger. Upstream has never implemented it. Size 0 is all of the disk.
 */
export const resizeVolumeRpc: HandlerFactory<'resizeVolume'> =
  ({ components }) =>
  async ({ volumeGuestPath, size }, { signal }) => {
    await using volume = openVolume(components, volumeGuestPath);
    const { system, options } = components;
    await resizeVolume(system, volume, size, { timeoutMs: options.hotplugTimeoutMs, signal });
    return {};
  };
