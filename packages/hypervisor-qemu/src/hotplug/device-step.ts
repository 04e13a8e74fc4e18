// SPDX-License-Identifier: Apache-2.0
import type { QmpDeviceProperties } from '../qmp/generated/qmp-types.ts';
import type { QmpClient } from '../qmp/qmp-client.ts';
import { plugStep, type PlugStep } from './plug-step.ts';
import type { PlugUndo } from './plug-undo.ts';

/** Driver, id, bus and the driver's own properties. */
export type DeviceArguments = {
  [Driver in keyof QmpDeviceProperties]: {
    readonly driver: Driver;
    readonly id: string;
    readonly bus?: string;
  } & QmpDeviceProperties[Driver];
}[keyof QmpDeviceProperties];

/**
 * Puts a device in by `device_add`.
 *
 * @param undo - How it is taken back. Default: by `device_del`, which waits until the guest has let go of it.
 */
export function deviceStep(
  monitor: QmpClient,
  device: DeviceArguments,
  undo: Omit<PlugUndo, 'id'> = { kind: 'device' },
): PlugStep {
  return plugStep(monitor, { ...undo, id: device.id }, (options) =>
    monitor.execute('device_add', device, options),
  );
}
