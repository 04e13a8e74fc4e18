// SPDX-License-Identifier: Apache-2.0
import { readdir, readFile, realpath, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { DeviceInfo } from '../device-info.ts';
import { DeviceManagerError } from '../device-manager-error.ts';
import type { HostRoots } from '../host-path.ts';
import type { VfioDevice } from '../pluggable-device.ts';

/** What sysfs says about one device. */
export type VfioFacts = Pick<
  VfioDevice,
  'type' | 'name' | 'sysfsPath' | 'vendorId' | 'deviceId' | 'classId' | 'numaNode' | 'isPcie' | 'apQueues'
>;

const pciAddress = /^[0-9a-f]{4,8}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]$/;
const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Host bridges and PCI bridges share a group with the devices behind them, and stay with the host. */
const bridgeClasses = ['0x0600', '0x0604'];

/** Size of a conventional PCI device's configuration space; PCIe devices have more. Source: PCI Express Base, 7.2. */
const conventionalConfigBytes = 256;

async function readFact(path: string): Promise<string | undefined> {
  try {
    return (await readFile(path, 'utf8')).trim();
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

async function pciFacts(name: string, sysfsPath: string): Promise<VfioFacts> {
  const fact = (file: string): Promise<string | undefined> => readFact(join(sysfsPath, file));
  const [vendorId, deviceId, classId, numaNode] = await Promise.all(
    ['vendor', 'device', 'class', 'numa_node'].map(fact),
  );
  const { size } = await stat(join(sysfsPath, 'config'));
  return {
    type: 'pci',
    name,
    sysfsPath,
    ...(vendorId === undefined ? {} : { vendorId }),
    ...(deviceId === undefined ? {} : { deviceId }),
    ...(classId === undefined ? {} : { classId }),
    numaNode: Number.parseInt(numaNode ?? '-1', 10),
    isPcie: size > conventionalConfigBytes,
    apQueues: [],
  };
}

async function mediatedFacts(name: string, sysfsPath: string, roots: HostRoots): Promise<VfioFacts> {
  const matrix = join(roots.sys, 'devices', 'vfio_ap');
  const isAp = (await realpath(sysfsPath)).startsWith(`${matrix}/`);
  const queues = isAp ? ((await readFact(join(sysfsPath, 'matrix'))) ?? '') : '';
  return {
    type: isAp ? 'ap' : 'mediated',
    name,
    sysfsPath,
    numaNode: -1,
    isPcie: false,
    apQueues: queues.split('\n').filter((line) => line !== ''),
  };
}

async function factsOf(name: string, sysfsPath: string, roots: HostRoots): Promise<VfioFacts | undefined> {
  if (uuid.test(name)) return await mediatedFacts(name, sysfsPath, roots);
  if (!pciAddress.test(name)) {
    throw new DeviceManagerError('invalid_device', `${name} is neither a PCI address nor a mediated device`, {
      device: name,
    });
  }
  const facts = await pciFacts(name, sysfsPath);
  return bridgeClasses.some((prefix) => facts.classId?.startsWith(prefix)) ? undefined : facts;
}

/** With iommufd, each device has a node of its own; its place in sysfs ends in the device it stands for. */
async function deviceBehindNode(
  info: DeviceInfo,
  roots: HostRoots,
): Promise<[name: string, sysfsPath: string][]> {
  const place = await realpath(join(roots.sys, 'dev', 'char', `${info.major}:${info.minor}`));
  const parts = place.split('/');
  const last = parts.findLastIndex((part) => pciAddress.test(part) || uuid.test(part));
  const name = parts[last];
  return name === undefined ? [] : [[name, parts.slice(0, last + 1).join('/')]];
}

async function devicesOfGroup(group: string, roots: HostRoots): Promise<[name: string, sysfsPath: string][]> {
  const directory = join(roots.sys, 'kernel', 'iommu_groups', group, 'devices');
  const names = await readdir(directory);
  return names.sort().map((name) => [name, join(directory, name)]);
}

/**
 * Reads what is behind a VFIO node: `/dev/vfio/<group>` stands for all devices of the group but bridges,
 * `/dev/vfio/devices/vfio<n>` for one device.
 *
 * @throws DeviceManagerError `invalid_device` when nothing that can be handed over is there.
 */
export async function readVfioDevices(
  hostPath: string,
  info: DeviceInfo,
  roots: HostRoots,
): Promise<VfioFacts[]> {
  const viaIommufd = hostPath.startsWith('/dev/vfio/devices/');
  let found: [name: string, sysfsPath: string][];
  try {
    found = viaIommufd
      ? await deviceBehindNode(info, roots)
      : await devicesOfGroup(basename(hostPath), roots);
  } catch (cause) {
    throw new DeviceManagerError('invalid_device', `${hostPath} has no devices in sysfs`, {
      device: hostPath,
      cause,
    });
  }
  const facts: VfioFacts[] = [];
  for (const [name, sysfsPath] of found) {
    const fact = await factsOf(name, sysfsPath, roots);
    if (fact !== undefined) facts.push(fact);
  }
  if (facts.length > 0) return facts;
  throw new DeviceManagerError('invalid_device', `${hostPath} stands for no device`, { device: hostPath });
}
