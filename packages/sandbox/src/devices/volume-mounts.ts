// SPDX-License-Identifier: Apache-2.0
import type { Device } from '@hako/device-manager';

import { SandboxError } from '../sandbox-error.ts';

interface Mounted {
  readonly how: string;
  users: number;
}

/** How the disks of a sandbox are mounted: each in one way, at one place, for all containers. */
export class VolumeMounts {
  readonly #mounted = new Map<string, Mounted>();

  /**
   * Agrees to how a disk is mounted, as long as a container has it so. Error: `invalid_options` when another container has it
   * in another way.
   * @param device the disk
   * @param how it shall be mounted: type and options
   */
  claim({ id, hostPath }: Device, how: string): void {
    const present = this.#mounted.get(id) ?? { how, users: 0 };
    if (present.how !== how) {
      throw new SandboxError(
        'invalid_options',
        `${hostPath} is mounted as ${present.how} in another container of the sandbox`,
        { remedy: 'give it to all of them in the same way' },
      );
    }
    present.users += 1;
    this.#mounted.set(id, present);
  }

  /**
   * Takes that back.
   * @param device the disk
   */
  release({ id }: Device): void {
    const present = this.#mounted.get(id);
    if (present === undefined) return;
    present.users -= 1;
    if (present.users === 0) this.#mounted.delete(id);
  }
}
