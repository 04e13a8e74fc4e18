// SPDX-License-Identifier: Apache-2.0
import type { Device } from '@hako/device-manager';

import { SandboxError } from '../sandbox-error.ts';
import type { VolumeMounts } from './attached-devices.ts';
import type { BlockVolume } from './device-options.ts';

interface Mounted {
  readonly how: string;
  users: number;
}

/** Keeps the books of {@link VolumeMounts}. */
export function volumeMounts(): VolumeMounts {
  const mounted = new Map<string, Mounted>();
  return {
    claim(device: Device, { fstype, options = [] }: BlockVolume) {
      const how = [fstype, ...options].join(' ');
      const present = mounted.get(device.id) ?? { how, users: 0 };
      if (present.how !== how) {
        throw new SandboxError(
          'invalid_options',
          `${device.hostPath} is mounted as ${present.how} in another container of the sandbox`,
          { remedy: 'give it to all of them in the same way' },
        );
      }
      present.users += 1;
      mounted.set(device.id, present);
    },
    release({ id }: Device) {
      const present = mounted.get(id);
      if (present === undefined) return;
      present.users -= 1;
      if (present.users === 0) mounted.delete(id);
    },
  };
}
