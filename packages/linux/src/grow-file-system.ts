// SPDX-License-Identifier: Apache-2.0
import { invoke } from './ffi/invoke.ts';
import { type Libc, systemLibc } from './ffi/libc.ts';
import { LinuxError } from './linux-error.ts';

const ext4Resize = 0x40086610; // EXT4_IOC_RESIZE_FS: _IOW('f', 16, __u64), fs/ext4/ext4.h
const xfsGeometry = 0x80705864; // XFS_IOC_FSGEOMETRY_V1: _IOR('X', 100, struct xfs_fsop_geom_v1), fs/xfs/libxfs/xfs_fs.h
const xfsGrowData = 0x4010586e; // XFS_IOC_FSGROWFSDATA: _IOW('X', 110, struct xfs_growfs_data)
const xfsGeometryBytes = 112;
const xfsGeometryFields = { maxInodePercent: 28, dataBlocks: 32 } as const;

/**
 * Makes a mounted ext4 larger, as resize2fs(8) does. The kernel decides what fits.
 *
 * @param fd - an open directory or file of the file system
 * @param blocks - of the file system's own block size
 * @throws LinuxError `EINVAL` for fewer blocks than it has or more than the device has, `EPERM` without CAP_SYS_RESOURCE,
 * `ENOTTY` for another file system
 */
export function growExt4(fd: number, blocks: bigint, libc: Libc = systemLibc()): void {
  const count = BigUint64Array.of(blocks);
  invoke(libc, `fd ${fd}`, 'ioctl', fd, ext4Resize, new Uint8Array(count.buffer));
}

/**
 * Makes a mounted XFS larger, as xfs_growfs(8) does. A size it has already is left alone.
 *
 * @param fd - an open directory or file of the file system
 * @param blocks - of the file system's own block size
 * @throws LinuxError `EINVAL` for fewer blocks than it has, `EIO` for more than the device has, `EPERM` without CAP_SYS_ADMIN,
 * `ENOTTY` for another file system
 */
export function growXfs(fd: number, blocks: bigint, libc: Libc = systemLibc()): void {
  const geometry = new DataView(new ArrayBuffer(xfsGeometryBytes));
  invoke(libc, `fd ${fd}`, 'ioctl', fd, xfsGeometry, new Uint8Array(geometry.buffer));
  const present = geometry.getBigUint64(xfsGeometryFields.dataBlocks, true);
  if (blocks === present) return;
  // The kernel would try to give blocks back, which is an experiment still.
  if (blocks < present) {
    const detail = `${blocks.toString()} blocks are fewer than ${present.toString()}`;
    throw new LinuxError({ code: 'EINVAL', syscall: 'ioctl', operand: `fd ${fd}`, detail });
  }
  const request = new DataView(new ArrayBuffer(16));
  request.setBigUint64(0, blocks, true);
  request.setUint32(8, geometry.getUint32(xfsGeometryFields.maxInodePercent, true), true);
  invoke(libc, `fd ${fd}`, 'ioctl', fd, xfsGrowData, new Uint8Array(request.buffer));
}
