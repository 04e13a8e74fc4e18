// SPDX-License-Identifier: Apache-2.0
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { DeviceInfo } from './device-info.ts';
import { vhostUserBlkMajor, vhostUserScsiMajor } from './device-kind.ts';
import { DeviceManagerError } from './device-manager-error.ts';

/** Where the host's facts are read. */
export interface HostRoots {
  /** Default `/sys`. */
  readonly sys: string;
  /** Default `/dev`. */
  readonly dev: string;
  /** Directory with `block/devices` and `block/sockets` of vhost-user targets; none when not given. */
  readonly vhostUserStore?: string;
}

const deviceName = /^DEVNAME=(.+)$/m;

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}

/** Splits a device number as the kernel gives it to user space. Source: makedev(3) of glibc. */
export function deviceNumbers(rdev: number): { major: number; minor: number } {
  const wide = BigInt(rdev);
  const major = ((wide >> 8n) & 0xfffn) | ((wide >> 32n) & ~0xfffn);
  const minor = (wide & 0xffn) | ((wide >> 12n) & ~0xffn);
  return { major: Number(major), minor: Number(minor & 0xffffffffn) };
}

async function vhostUserSocket(store: string, info: DeviceInfo): Promise<string> {
  const devices = join(store, 'block', 'devices');
  for (const name of await readdir(devices)) {
    const { rdev } = await stat(join(devices, name));
    const { major, minor } = deviceNumbers(rdev);
    if (major === info.major && minor === info.minor) return join(store, 'block', 'sockets', name);
  }
  throw new DeviceManagerError(
    'invalid_device',
    `no vhost-user target has number ${info.major}:${info.minor}`,
    {
      device: info.containerPath,
    },
  );
}

async function pathByNumber(info: DeviceInfo, roots: HostRoots): Promise<string> {
  const unnamed = info.hostPath ?? info.containerPath;
  const classDirectory = info.type === 'b' ? 'block' : 'char';
  const uevent = join(roots.sys, 'dev', classDirectory, `${info.major}:${info.minor}`, 'uevent');
  let text: string;
  try {
    text = await readFile(uevent, 'utf8');
  } catch (error) {
    if (isMissing(error)) return unnamed;
    throw error;
  }
  const name = deviceName.exec(text)?.[1];
  return name === undefined || name.split('/').includes('..') ? unnamed : join(roots.dev, name);
}

/**
 * Finds a device on the host.
 *
 * Regular files and persistent memory have their path given. Numbers of vhost-user targets lead to the socket in the
 * store; other numbers lead to the node that the kernel names. When it names none, the path that is given counts, or else
 * the container's.
 *
 * @throws DeviceManagerError `invalid_device` when a path is missing or no target has the number.
 */
export async function resolveHostPath(info: DeviceInfo, roots: HostRoots): Promise<string> {
  if (info.containerPath === '')
    throw new DeviceManagerError('invalid_device', 'device has no container path');
  if (info.major === -1 || info.pmem === true) {
    if (info.hostPath !== undefined && info.hostPath !== '') return info.hostPath;
    throw new DeviceManagerError('invalid_device', `${info.containerPath} has neither number nor host path`, {
      device: info.containerPath,
    });
  }
  const isVhostUser = info.major === vhostUserBlkMajor || info.major === vhostUserScsiMajor;
  if (roots.vhostUserStore !== undefined && info.type === 'b' && isVhostUser) {
    return await vhostUserSocket(roots.vhostUserStore, info);
  }
  return info.type === 'p' ? info.containerPath : await pathByNumber(info, roots);
}
