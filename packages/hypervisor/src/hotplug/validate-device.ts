// SPDX-License-Identifier: Apache-2.0
import { isIP } from 'node:net';
import { isAbsolutePath } from '../absolute-path.ts';
import { HypervisorError } from '../hypervisor-error.ts';
import { isMountTag } from '../mount-tag.ts';
import { maximumMachineVcpus, maximumSocketPathBytes } from '../vm-config.ts';
import { isWholeNumber } from '../whole-number.ts';
import type { NetworkBackend, PluggableDevice, PluggableDevices, PluggableKind } from './pluggable-device.ts';

const maximumQueueSize = 1024;
/** `MAX_TAP_QUEUES` of Linux. */
const maximumQueues = 256;
/** Memory of an x86-64 guest comes and goes in blocks of this size. */
const memoryBlockMib = 128;
const virtioMemBlockMib = 4;

const checks: {
  readonly [Kind in PluggableKind]: (device: PluggableDevices[Kind], hasSharedMemory: boolean) => void;
} = {
  block({ path, serial, aio, direct = false }) {
    checkPath('path', path);
    demand(aio !== 'native' || direct, 'aio', aio);
    demand(serial === undefined || /^[\w.-]{1,20}$/.test(serial), 'serial', serial);
  },
  network({ mac, backend }, hasSharedMemory) {
    // The lowest bit of the first byte marks a multicast address.
    demand(/^[\da-f][02468ace](?::[\da-f]{2}){5}$/.test(mac), 'mac', mac);
    checkBackend(backend, hasSharedMemory);
  },
  'virtio-fs'({ tag, socketPath, queueSize = maximumQueueSize }, hasSharedMemory) {
    demand(isMountTag('virtio-fs', tag), 'tag', tag);
    const isPowerOfTwo = Number.isInteger(Math.log2(queueSize)) && queueSize > 1;
    demand(isPowerOfTwo && queueSize <= maximumQueueSize, 'queueSize', queueSize);
    checkSocket(socketPath, hasSharedMemory);
  },
  '9p'({ tag, exportId }) {
    demand(isMountTag('9p', tag), 'tag', tag);
    demand(/^[A-Za-z][\w-]{0,19}$/.test(exportId), 'exportId', exportId);
  },
  'vhost-user-blk'({ socketPath, reconnectSeconds = 0 }, hasSharedMemory) {
    demand(isWholeNumber(reconnectSeconds, 0), 'reconnectSeconds', reconnectSeconds);
    checkSocket(socketPath, hasSharedMemory);
  },
  'vhost-user-scsi': ({ socketPath }, hasSharedMemory) => checkSocket(socketPath, hasSharedMemory),
  vfio({ host }) {
    if (host.kind === 'mediated') checkPath('sysfsPath', host.sysfsPath);
    else demand(/^[\da-f]{4}:[\da-f]{2}:[01][\da-f]\.[0-7]$/.test(host.address), 'address', host.address);
  },
  vcpus: ({ count }) => demand(isWholeNumber(count, 1, maximumMachineVcpus), 'count', count),
  memory: ({ sizeMib }) => demand(isMultiple(sizeMib, memoryBlockMib) && sizeMib > 0, 'sizeMib', sizeMib),
  'virtio-mem'({ capacityMib, requestedMib = 0 }) {
    demand(isMultiple(capacityMib, memoryBlockMib) && capacityMib > 0, 'capacityMib', capacityMib);
    checkRequestedMib(requestedMib, capacityMib);
  },
};

/**
 * Checks the values of a device to plug. Looks at no file.
 *
 * @param hasSharedMemory - Whether other processes may map the machine's memory.
 * @throws HypervisorError `invalid_device` naming the field
 */
export function validateDevice<Kind extends PluggableKind>(
  device: PluggableDevice<Kind>,
  hasSharedMemory: boolean,
): void {
  demand(/^[A-Za-z][\w.-]{0,30}$/.test(device.id), 'id', device.id);
  const check: (values: PluggableDevices[Kind], isShared: boolean) => void = checks[device.kind];
  check(device, hasSharedMemory);
}

/** Checks the size that a virtio-mem device shall have. @throws HypervisorError `invalid_device` */
export function checkRequestedMib(requestedMib: number, capacityMib: number): void {
  const fits = isMultiple(requestedMib, virtioMemBlockMib) && isWholeNumber(requestedMib, 0, capacityMib);
  demand(fits, 'requestedMib', requestedMib);
}

function demand(holds: boolean, field: string, value: unknown): asserts holds {
  if (holds) return;
  throw new HypervisorError('invalid_device', `device has ${field} ${JSON.stringify(value)}`, {
    operand: field,
  });
}

function checkPath(field: string, path: string): void {
  demand(isAbsolutePath(path), field, path);
}

function checkSocketPath(path: string): void {
  checkPath('socketPath', path);
  demand(Buffer.byteLength(path) <= maximumSocketPathBytes, 'socketPath', path);
}

function checkSocket(path: string, hasSharedMemory: boolean): void {
  checkSocketPath(path);
  if (hasSharedMemory) return;
  throw new HypervisorError('invalid_device', `device on ${path} needs shared memory`, {
    operand: 'sharedMemory',
    remedy: 'set sharedMemory',
  });
}

function checkBackend(backend: NetworkBackend, hasSharedMemory: boolean): void {
  switch (backend.kind) {
    case 'tap':
      // The kernel's limit, IFNAMSIZ, counts a NUL.
      demand(/^[\w.-]{1,15}$/.test(backend.interfaceName), 'interfaceName', backend.interfaceName);
      demand(isWholeNumber(backend.queues ?? 1, 1, maximumQueues), 'queues', backend.queues);
      return;
    case 'tap-descriptors':
      demand(isWholeNumber(backend.descriptors.length, 1, maximumQueues), 'descriptors', backend.descriptors);
      for (const descriptor of backend.descriptors) demand(descriptor >= 0, 'descriptors', descriptor);
      return;
    case 'stream':
      checkSocketPath(backend.socketPath);
      return;
    case 'vhost-user':
      checkSocket(backend.socketPath, hasSharedMemory);
      return;
    case 'user':
      for (const { hostAddress = '127.0.0.1', hostPort, guestPort } of backend.forwards ?? []) {
        demand(isIP(hostAddress) === 4, 'hostAddress', hostAddress);
        demand(isPort(hostPort), 'hostPort', hostPort);
        demand(isPort(guestPort), 'guestPort', guestPort);
      }
      return;
    default:
      backend satisfies never;
  }
}

function isPort(port: number): boolean {
  return isWholeNumber(port, 1, 65_535);
}

function isMultiple(value: number, of: number): boolean {
  return Number.isInteger(value) && value % of === 0;
}
