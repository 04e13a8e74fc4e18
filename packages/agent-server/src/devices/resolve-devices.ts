// SPDX-License-Identifier: Apache-2.0
import type { Device } from '@hako/protocols/agent';
import { AgentError } from '../errors/agent-error.ts';
import type { DeviceContext, DeviceDriver, ResolvedDevice } from './device-driver.ts';

function check(device: Device): void {
  const operand = device.containerPath;
  if (device.type === '') throw new AgentError('device_failed', 'a device has no type', { operand });
  if (operand === '') throw new AgentError('device_failed', 'a device has no container path');
  if (device.id === '' && device.vmPath === '') {
    throw new AgentError('device_failed', `device ${operand} has neither id nor vm path`, { operand });
  }
}

function driverOf(device: Device, drivers: ReadonlyMap<string, DeviceDriver>): DeviceDriver {
  const driver = drivers.get(device.type);
  if (driver !== undefined) return driver;
  const problem = `no driver for devices of type ${JSON.stringify(device.type)}`;
  throw new AgentError('unknown_device_type', problem, { operand: device.type });
}

/**
 * Finds the devices of a request in the guest, all at a time. The first that fails ends the waits of the others.
 *
 * @throws AgentError `device_failed`, `unknown_device_type`, and those of {@link DeviceDriver.resolve}
 */
export async function resolveDevices(
  devices: readonly Device[],
  drivers: ReadonlyMap<string, DeviceDriver>,
  context: DeviceContext,
): Promise<readonly ResolvedDevice[]> {
  for (const device of devices) check(device);
  const found = devices.map((device) => ({ device, driver: driverOf(device, drivers) }));
  const failed = new AbortController();
  const signal = AbortSignal.any([context.signal, failed.signal]);
  try {
    return await Promise.all(
      found.map(({ device, driver }) => driver.resolve(device, { ...context, signal })),
    );
  } catch (error) {
    failed.abort(error);
    throw error;
  }
}
