// SPDX-License-Identifier: Apache-2.0
import type { DeviceAccess, DeviceLogger, DeviceReceiver, ReceiverOptions } from './device-receiver.ts';
import type { KindContext } from './kinds/kind-context.ts';
import type { PluggableDevice, PluggedDevice } from './pluggable-device.ts';

/** What plugging works with. */
export interface PlugContext extends KindContext {
  readonly receiver: DeviceReceiver;
  readonly access: DeviceAccess | undefined;
  readonly logger: DeviceLogger;
}

function hostPathOf(device: PluggableDevice): string {
  switch (device.kind) {
    case 'block':
      return device.file;
    case 'vfio':
      return device.hostPath;
    case 'vhost-user-blk':
    case 'vhost-user-scsi':
    case 'vhost-user-net':
    case 'vhost-user-fs':
      return device.socketPath;
  }
}

/** Gives back what describing a device took. */
export function releaseResources(device: PluggableDevice, context: KindContext): void {
  switch (device.kind) {
    case 'block':
      context.indexes.release(device.index);
      return;
    case 'vfio':
      if (device.bus !== undefined) context.ports.release(device.bus);
      return;
    case 'vhost-user-blk':
    case 'vhost-user-scsi':
    case 'vhost-user-net':
    case 'vhost-user-fs':
      if (device.index !== undefined) context.indexes.release(device.index);
  }
}

async function changeAccess(
  change: 'allow' | 'deny',
  device: PluggableDevice,
  context: PlugContext,
): Promise<void> {
  const hostPath = hostPathOf(device);
  try {
    await context.access?.[change](hostPath);
  } catch (error) {
    context.logger.warn({ err: error, hostPath }, `control group does not ${change} the device`);
  }
}

/** Takes a device out of the virtual machine and gives back what it held. */
export async function unplugDevice(
  plugged: PluggedDevice,
  context: PlugContext,
  options: ReceiverOptions,
): Promise<void> {
  await context.receiver.unplug(plugged, options);
  releaseResources(plugged.device, context);
  await changeAccess('deny', plugged.device, context);
}

/**
 * Puts devices into the virtual machine, all or none: when one is refused, those before it are taken out again.
 *
 * A device that cannot be taken out keeps its index or port, and is logged.
 */
export async function plugDevices(
  devices: readonly PluggableDevice[],
  coldPlug: boolean,
  context: PlugContext,
  options: ReceiverOptions,
): Promise<PluggedDevice[]> {
  const plugged: PluggedDevice[] = [];
  const waiting = [...devices];
  try {
    for (const device of devices) {
      options.signal.throwIfAborted();
      await changeAccess('allow', device, context);
      const address = coldPlug
        ? await context.receiver.append(device, options)
        : await context.receiver.hotplug(device, options);
      waiting.shift();
      plugged.push({ device, address });
    }
    return plugged;
  } catch (error) {
    for (const device of waiting) {
      releaseResources(device, context);
      await changeAccess('deny', device, context);
    }
    const rollback = { signal: new AbortController().signal };
    for (const entry of plugged.toReversed()) {
      await unplugDevice(entry, context, rollback).catch((rollbackError: unknown) => {
        context.logger.warn(
          { err: rollbackError, device: entry.device.id },
          'device is left in the virtual machine',
        );
      });
    }
    throw error;
  }
}
