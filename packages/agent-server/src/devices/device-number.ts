// SPDX-License-Identifier: Apache-2.0
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { AgentError } from '../errors/agent-error.ts';
import { attribute } from './sysfs.ts';

/** By what the kernel knows a device. */
export interface DeviceNumber {
  readonly major: number;
  readonly minor: number;
}

/** A device of the guest: blocks or characters. */
export interface GuestNode extends DeviceNumber {
  readonly type: 'b' | 'c';
}

const lowMinorMask = 0xffn;
const highMinorMask = 0xffffff00n;
const lowMajorMask = 0xfffn;

/** Splits a device number as glibc's major(3) and minor(3) do. */
export function splitDeviceNumber(rdev: bigint): DeviceNumber {
  const major = ((rdev >> 8n) & lowMajorMask) | ((rdev >> 32n) & ~lowMajorMask);
  const minor = (rdev & lowMinorMask) | ((rdev >> 12n) & highMinorMask);
  return { major: Number(major), minor: Number(minor) };
}

/**
 * Reads the `dev` attribute of a device: `254:16`.
 *
 * @param dir - the device's directory in sysfs
 * @returns undefined while there is none
 */
export async function readDeviceNumber(dir: string): Promise<DeviceNumber | undefined> {
  const match = /^(\d{1,10}):(\d{1,10})$/.exec((await attribute(join(dir, 'dev'))) ?? '');
  return match === null ? undefined : { major: Number(match[1]), minor: Number(match[2]) };
}

/**
 * Reads what a node in `/dev` stands for.
 *
 * @throws AgentError `device_failed` when it is no device; the system error when it is not there
 */
export async function readNode(path: string): Promise<GuestNode> {
  const status = await stat(path, { bigint: true });
  if (!status.isBlockDevice() && !status.isCharacterDevice()) {
    throw new AgentError('device_failed', `${path} is no device`, { operand: path });
  }
  return { type: status.isBlockDevice() ? 'b' : 'c', ...splitDeviceNumber(status.rdev) };
}
