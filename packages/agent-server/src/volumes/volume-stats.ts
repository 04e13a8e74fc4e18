// SPDX-License-Identifier: Apache-2.0
import { statfs } from 'node:fs/promises';
import { type VolumeStatsResponse, VolumeUsage_Unit } from '@hako/protocols/csi';

/**
 * How full the file system of a volume is, in bytes and in inodes. As upstream, blocks reserved for root count as available.
 */
export async function volumeStats(path: string): Promise<VolumeStatsResponse> {
  const { bsize, blocks, bfree, files, ffree } = await statfs(path, { bigint: true });
  return {
    usage: [
      {
        unit: VolumeUsage_Unit.BYTES,
        total: blocks * bsize,
        available: bfree * bsize,
        used: (blocks - bfree) * bsize,
      },
      { unit: VolumeUsage_Unit.INODES, total: files, available: ffree, used: files - ffree },
    ],
    volumeCondition: { abnormal: false, message: 'OK' },
  };
}
