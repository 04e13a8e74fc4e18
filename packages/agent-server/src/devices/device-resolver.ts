// SPDX-License-Identifier: Apache-2.0
import type { Device } from '@hako/protocols/agent';
import { AgentError } from '../errors/agent-error.ts';

/** A device of the guest that stands for one of the container's specification. */
export interface ResolvedDevice {
  /** Path in the container. */
  readonly containerPath: string;
  readonly type: 'b' | 'c';
  readonly major: number;
  readonly minor: number;
}

/** Finds one kind of device in the guest. */
export interface DeviceDriver {
  /** The word in `Device.type`. */
  readonly type: string;
  /** @throws AgentError `device_failed` when it does not appear in time */
  resolve(
    device: Device,
    options: { readonly timeoutMs: number; readonly signal: AbortSignal },
  ): Promise<ResolvedDevice>;
}

function check(device: Device): void {
  const operand = device.containerPath;
  if (device.type === '') throw new AgentError('device_failed', 'a device has no type', { operand });
  if (device.containerPath === '') throw new AgentError('device_failed', 'a device has no container path');
  if (device.id === '' && device.vmPath === '') {
    throw new AgentError('device_failed', `device ${operand} has neither id nor vm path`, { operand });
  }
}

/**
 * Finds the devices of a request in the guest, all at a time.
 *
 * @throws AgentError `device_failed`, `unknown_device_type`
 */
export async function resolveDevices(
  devices: readonly Device[],
  drivers: ReadonlyMap<string, DeviceDriver>,
  options: { readonly timeoutMs: number; readonly signal: AbortSignal },
): Promise<readonly ResolvedDevice[]> {
  for (const device of devices) check(device);
  return await Promise.all(
    devices.map((device) => {
      const driver = drivers.get(device.type);
      if (driver === undefined) {
        throw new AgentError(
          'unknown_device_type',
          `no driver for devices of type ${JSON.stringify(device.type)}`,
          {
            operand: device.type,
          },
        );
      }
      return driver.resolve(device, options);
    }),
  );
}
