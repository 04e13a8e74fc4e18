// SPDX-License-Identifier: Apache-2.0
import type { MountEntry } from '../system/mounter.ts';
import type { MetricFamily, MetricSample } from './exposition.ts';

/** File systems on storage of the guest's own. Source: the list of Kata's agent. */
const countedTypes: ReadonlySet<string> = new Set(['ext4', 'xfs', 'btrfs', 'vfat', 'overlay']);

/** What statfs(2) tells; counts of blocks of `bsize` bytes. */
export interface FilesystemUsage {
  readonly bsize: bigint;
  readonly blocks: bigint;
  readonly bfree: bigint;
  readonly bavail: bigint;
  readonly files: bigint;
  readonly ffree: bigint;
}

/** The writable mounts that are counted: one per device, the first. */
export function countedMounts(table: readonly MountEntry[]): readonly MountEntry[] {
  const devices = new Set<string>();
  return table.filter(({ fstype, source, target, readOnly }) => {
    if (readOnly || !countedTypes.has(fstype)) return false;
    // Overlays all have the same made-up source.
    const device = fstype === 'overlay' ? target : source;
    if (devices.has(device)) return false;
    devices.add(device);
    return true;
  });
}

/**
 * Room on the guest's file systems.
 *
 * @param usageOf - rejects for a mount that has gone meanwhile; it is left out
 */
export async function filesystemMetrics(
  table: readonly MountEntry[],
  usageOf: (path: string) => Promise<FilesystemUsage>,
): Promise<readonly MetricFamily[]> {
  const bytes: MetricSample[] = [];
  const inodes: MetricSample[] = [];
  for (const { target, source } of countedMounts(table)) {
    const usage = await usageOf(target).catch(() => undefined);
    if (usage === undefined) continue;
    const { bsize, blocks, bfree, bavail, files, ffree } = usage;
    const add = (samples: MetricSample[], values: Readonly<Record<string, bigint>>) => {
      for (const [item, value] of Object.entries(values)) {
        samples.push({ labels: { mount: target, device: source, item }, value });
      }
    };
    add(bytes, { total: blocks * bsize, used: (blocks - bfree) * bsize, available: bavail * bsize });
    add(inodes, { total: files, used: files - ffree, available: ffree });
  }
  return [
    {
      name: 'kata_guest_filesystem_bytes',
      kind: 'gauge',
      help: 'Room on writable file systems in bytes',
      samples: bytes,
    },
    {
      name: 'kata_guest_filesystem_inodes',
      kind: 'gauge',
      help: 'Files on writable file systems',
      samples: inodes,
    },
  ];
}
