// SPDX-License-Identifier: Apache-2.0
import { listSandboxes } from '@hako/sandbox';
import { expect } from 'vitest';

import type { RealHako } from './real-hako.ts';

/**
 * Waits until a sandbox runs its workload.
 * @param hako where it was started
 * @param id its name
 */
export async function untilRunning(hako: RealHako, id: string): Promise<void> {
  await expect
    .poll(
      async () => {
        const found = (await listSandboxes({ runRoot: hako.runRoot })).find((listing) => listing.id === id);
        return found?.containerId;
      },
      { timeout: 60_000, interval: 50 },
    )
    .toBe(id);
}
