// SPDX-License-Identifier: Apache-2.0
import type { DeviceInfo } from './device-info.ts';
import type { DeviceKind } from './device-kind.ts';
import { DeviceManagerError } from './device-manager-error.ts';
import type { VhostUserAttributes } from './kinds/vhost-user-appended.ts';
import type { PluggedDevice } from './pluggable-device.ts';

/** Where a device comes from: a container's request, or another part of the host side. */
export type DeviceOrigin =
  | { readonly type: 'node'; readonly info: DeviceInfo; readonly hostPath: string }
  | { readonly type: 'vhost-user'; readonly attributes: VhostUserAttributes };

/** A device in the form that outlives the process; plain JSON. */
export interface DeviceState {
  readonly id: string;
  readonly kind: DeviceKind;
  readonly origin: DeviceOrigin;
  readonly referenceCount: number;
  readonly attachCount: number;
  readonly plugged: readonly PluggedDevice[];
}

/** Highest reference or attach count. */
export const maxCount = 2 ** 32 - 1;

function isCount(value: number): boolean {
  return Number.isInteger(value) && value >= 0 && value <= maxCount;
}

/** Throws `invalid_state` unless counts and plugged devices can belong together. */
export function checkDeviceState(state: DeviceState): void {
  const { id, kind, referenceCount, attachCount, plugged } = state;
  const attachedButAbsent = attachCount > 0 && plugged.length === 0 && kind !== 'generic';
  if (id === '' || !isCount(referenceCount) || !isCount(attachCount) || attachedButAbsent) {
    throw new DeviceManagerError(
      'invalid_state',
      `saved state of device ${JSON.stringify(id)} contradicts itself`,
      {
        device: id,
      },
    );
  }
}
