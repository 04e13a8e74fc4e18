// SPDX-License-Identifier: Apache-2.0
import type { DeviceState, PluggableDevice } from '@hako/device-manager';
import { z } from 'zod';

import type { DeviceBooks } from './device-books.ts';

const id = z.string().min(1).max(64);
const path = z.string().startsWith('/');
const number = z.int().min(0);
const blockDriver = z.enum(['virtio-blk', 'virtio-blk-ccw', 'virtio-scsi', 'virtio-mmio', 'nvdimm']);
const port = z.enum(['root-port', 'switch-port', 'bridge-port']);

const info = z.strictObject({
  containerPath: z.string(),
  type: z.enum(['b', 'c', 'u', 'p']),
  major: z.int(),
  minor: z.int(),
  hostPath: path.exactOptional(),
  fileMode: number.exactOptional(),
  uid: number.exactOptional(),
  gid: number.exactOptional(),
  pmem: z.boolean().exactOptional(),
  readOnly: z.boolean().exactOptional(),
  discardUnmap: z.boolean().exactOptional(),
  coldPlug: z.boolean().exactOptional(),
  port: port.exactOptional(),
  driverOptions: z
    .strictObject({
      blockDriver: blockDriver.exactOptional(),
      fstype: z.string().exactOptional(),
      vhostUserReconnectSeconds: number.exactOptional(),
    })
    .exactOptional(),
});

const drive = z.strictObject({
  kind: z.literal('block'),
  id,
  file: path,
  driver: blockDriver,
  format: z.string(),
  index: number,
  scsiAddress: z.string().exactOptional(),
  virtPath: z.string().exactOptional(),
  readOnly: z.boolean(),
  discardUnmap: z.boolean(),
  pmem: z.boolean(),
});

const served = z.strictObject({
  kind: z.enum(['vhost-user-blk', 'vhost-user-scsi', 'vhost-user-net', 'vhost-user-fs']),
  id,
  socketPath: path,
  index: number.exactOptional(),
  macAddress: z.string().exactOptional(),
  tag: z.string().exactOptional(),
  cacheMib: number.exactOptional(),
  queueSize: number.exactOptional(),
  reconnectSeconds: number,
});

const handedOver = z.strictObject({
  kind: z.literal('vfio'),
  id,
  type: z.enum(['pci', 'mediated', 'ap']),
  name: z.string(),
  sysfsPath: path,
  hostPath: path,
  vendorId: z.string().exactOptional(),
  deviceId: z.string().exactOptional(),
  classId: z.string().exactOptional(),
  numaNode: z.int(),
  isPcie: z.boolean(),
  port,
  bus: z.string().exactOptional(),
  apQueues: z.array(z.string()),
});

const plugged = z.strictObject({
  device: z.discriminatedUnion('kind', [drive, served, handedOver]) satisfies z.ZodType<PluggableDevice>,
  address: z.strictObject({
    pciPath: z.string().exactOptional(),
    scsiAddress: z.string().exactOptional(),
    ccwBusId: z.string().exactOptional(),
    nvdimmIndex: number.exactOptional(),
  }),
});

/** Devices that no container asked for are not in these books. */
const device = z.strictObject({
  id,
  kind: z.enum([
    'vfio',
    'block',
    'generic',
    'vhost-user-blk',
    'vhost-user-scsi',
    'vhost-user-net',
    'vhost-user-fs',
  ]),
  origin: z.strictObject({ type: z.literal('node'), info, hostPath: path }),
  plugged: z.array(plugged),
}) satisfies z.ZodType<Omit<DeviceState, 'referenceCount' | 'attachCount'>>;

/** The devices of a sandbox, as its former owner has written them down. */
export const deviceBooksSchema = z.strictObject({
  devices: z.array(device),
  containers: z.array(
    z.strictObject({
      containerId: z.string().min(1),
      devices: z.array(id),
      mounts: z.array(z.strictObject({ device: id, how: z.string() })),
      volumes: z.array(path),
    }),
  ),
}) satisfies z.ZodType<DeviceBooks>;
