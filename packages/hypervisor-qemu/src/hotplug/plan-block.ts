// SPDX-License-Identifier: Apache-2.0
import { stat } from 'node:fs/promises';
import { HypervisorError, type PluggableDevice } from '@hako/hypervisor';
import { diskThreadProperty } from '../command-line/disk-thread.ts';
import type { QmpCommands } from '../qmp/generated/qmp-types.ts';
import { blockNodeStep } from './backend-step.ts';
import { deviceStep } from './device-step.ts';
import { planInSlot } from './plan-in-slot.ts';
import type { PlanContext, Planner, PlugPlan } from './plug-plan.ts';

/** Longest serial of virtio-blk, in bytes. */
const maximumSerialBytes = 20;

/** A disk: its file as a block node, then the device. */
export const planBlock: Planner<'block'> = async (device, context) => {
  const node = blockNodeStep(context.monitor, await blockNode(device));
  return device.driver === 'virtio-scsi'
    ? planScsi(device, node, context)
    : planVirtio(device, node, context);
};

type NodeStep = ReturnType<typeof blockNodeStep>;

function planVirtio(
  device: PluggableDevice<'block'>,
  node: NodeStep,
  { monitor, slots, config }: PlanContext,
): PlugPlan<'block'> {
  return planInSlot(slots, ({ bus, addr }) => [
    node,
    deviceStep(monitor, {
      driver: 'virtio-blk-pci',
      ...diskProperties(device),
      bus,
      addr,
      'disable-legacy': 'on',
      'config-wce': false,
      discard: device.discard ?? false,
      ...diskThreadProperty(config),
      romfile: '',
    }),
  ]);
}

function planScsi(
  device: PluggableDevice<'block'>,
  node: NodeStep,
  { monitor, scsi }: PlanContext,
): PlugPlan<'block'> {
  const { target, lun } = scsi.take();
  const disk = deviceStep(monitor, {
    driver: 'scsi-hd',
    ...diskProperties(device),
    bus: scsi.bus,
    'scsi-id': target,
    lun,
  });
  return {
    steps: [scsi.step(), node, disk],
    address: () => ({ pciPath: scsi.pciPath, scsiAddress: `${target}:${lun}` }),
    place: { scsi: { target, lun } },
    release: () => scsi.release({ target, lun }),
  };
}

function diskProperties({ id, serial, readOnly }: PluggableDevice<'block'>) {
  const own = serial ?? (id.length <= maximumSerialBytes ? id : undefined);
  return {
    id: `virtio-${id}`,
    drive: id,
    ...(own !== undefined && { serial: own }),
    'share-rw': readOnly,
  } as const;
}

/** As for the disks of the boot: a read-only file takes no lock, so any number of machines share it. */
async function blockNode(
  device: PluggableDevice<'block'>,
): Promise<QmpCommands['blockdev-add']['arguments'] & { readonly 'node-name': string }> {
  const { id, path, readOnly, aio = 'threads', noFlush = false } = device;
  const discard = device.discard === true ? 'unmap' : 'ignore';
  const cache = { direct: device.direct ?? false, ...(noFlush && { 'no-flush': true }) };
  return {
    driver: 'raw',
    'node-name': id,
    'read-only': readOnly,
    discard,
    cache,
    file: {
      driver: (await isBlockDevice(path)) ? 'host_device' : 'file',
      filename: path,
      locking: readOnly ? 'off' : 'auto',
      aio,
      discard,
      cache,
    },
  };
}

async function isBlockDevice(path: string): Promise<boolean> {
  try {
    const found = await stat(path);
    if (found.isBlockDevice() || found.isFile()) return found.isBlockDevice();
  } catch (cause) {
    throw new HypervisorError('invalid_device', `disk ${path} cannot be read`, { operand: 'path', cause });
  }
  throw new HypervisorError('invalid_device', `disk ${path} is no file and no block device`, {
    operand: 'path',
  });
}
