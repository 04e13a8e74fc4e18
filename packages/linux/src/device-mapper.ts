// SPDX-License-Identifier: Apache-2.0
import { closeSync, openSync } from 'node:fs';
import { cString } from './ffi/c-string.ts';
import { invoke } from './ffi/invoke.ts';
import { type Libc, systemLibc } from './ffi/libc.ts';

const controlNode = '/dev/mapper/control';
const sectorBytes = 512n;

/** `struct dm_ioctl` of <linux/dm-ioctl.h>, without data behind it. */
const headerBytes = 312;
const headerFields = {
  versionMajor: 0,
  dataSize: 12,
  dataStart: 16,
  targetCount: 20,
  flags: 28,
  device: 40,
  name: 48,
} as const;
const maxNameBytes = 127;
const interfaceMajor = 4;

/** `struct dm_target_spec`; the parameters follow. */
const targetBytes = 40;
const targetFields = { start: 0, length: 8, type: 24 } as const;

const readOnlyFlag = 1 << 0; // DM_READONLY_FLAG
const deferredRemoveFlag = 1 << 17; // DM_DEFERRED_REMOVE

/** `_IOWR(DM_IOCTL, nr, struct dm_ioctl)`. */
const request = (nr: number) => 0xc1380000 + 0xfd00 + nr;
const deviceCreate = request(3);
const deviceRemove = request(4);
const deviceSuspend = request(6); // without DM_SUSPEND_FLAG it resumes
const tableLoad = request(9);

/** What a device of the device mapper shows, over its whole length. */
export interface MappedTarget {
  /** Kind of target, such as `verity` or `linear`; its module is loaded. */
  readonly type: string;
  /** Length of the device, a multiple of 512. */
  readonly sizeBytes: bigint;
  /** Its words, as the kernel's Documentation/admin-guide/device-mapper has them. */
  readonly parameters: string;
}

/** One call's header, and what is behind it. */
function message(name: string, flags: number, target?: MappedTarget): DataView {
  const parameters = target === undefined ? new Uint8Array() : cString(target.parameters, 'ioctl');
  // Rounded up: a target's data ends on a multiple of eight.
  const targetSpace = target === undefined ? 0 : Math.ceil((targetBytes + parameters.length) / 8) * 8;
  const view = new DataView(new ArrayBuffer(headerBytes + targetSpace));
  const bytes = new Uint8Array(view.buffer);
  view.setUint32(headerFields.versionMajor, interfaceMajor, true);
  view.setUint32(headerFields.dataSize, view.byteLength, true);
  view.setUint32(headerFields.dataStart, headerBytes, true);
  view.setUint32(headerFields.flags, flags, true);
  bytes.set(cString(name, 'ioctl').subarray(0, maxNameBytes), headerFields.name);
  if (target !== undefined) {
    view.setUint32(headerFields.targetCount, 1, true);
    view.setBigUint64(headerBytes + targetFields.start, 0n, true);
    view.setBigUint64(headerBytes + targetFields.length, target.sizeBytes / sectorBytes, true);
    bytes.set(Buffer.from(target.type, 'latin1').subarray(0, 15), headerBytes + targetFields.type);
    bytes.set(parameters, headerBytes + targetBytes);
  }
  return view;
}

function control(libc: Libc, command: number, name: string, argument: DataView): DataView {
  const fd = openSync(controlNode, 'r+');
  try {
    invoke(libc, name, 'ioctl', fd, command, new Uint8Array(argument.buffer));
  } finally {
    closeSync(fd);
  }
  return argument;
}

/**
 * Makes a read-only block device with one target, as `dmsetup create --readonly` does. Its node is there when this returns,
 * made by the kernel's devtmpfs.
 *
 * @param name - of the device; at most 127 bytes, unique
 * @returns its node, `/dev/dm-N`
 * @throws LinuxError `EBUSY` for a name in use; `EINVAL` when the target refuses its words; and the errors of opening
 * `/dev/mapper/control`: `ENOENT` without the module dm-mod
 */
export function createMappedDevice(name: string, target: MappedTarget, libc: Libc = systemLibc()): string {
  const made = control(libc, deviceCreate, name, message(name, readOnlyFlag));
  try {
    control(libc, tableLoad, name, message(name, readOnlyFlag, target));
    control(libc, deviceSuspend, name, message(name, 0));
  } catch (error) {
    removeMappedDevice(name, libc);
    throw error;
  }
  const device = made.getBigUint64(headerFields.device, true);
  // huge_encode_dev() of <linux/kdev_t.h>
  const minor = (device & 0xffn) | ((device >> 12n) & 0xfff00n);
  return `/dev/dm-${minor.toString()}`;
}

/**
 * Takes a device away; one that is in use goes when its last user closes it.
 *
 * @throws LinuxError `ENXIO` when there is none of this name
 */
export function removeMappedDevice(name: string, libc: Libc = systemLibc()): void {
  control(libc, deviceRemove, name, message(name, deferredRemoveFlag));
}
