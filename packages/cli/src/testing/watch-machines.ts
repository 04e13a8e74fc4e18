// SPDX-License-Identifier: Apache-2.0
import { QemuHypervisor } from '@hako/hypervisor-qemu';
import { afterAll, beforeAll, expect } from 'vitest';

import { crashedConsoles } from './real-hako.ts';

/**
 * Surrounds tests with real machines: they come after the first look of a boot, which says on standard error why guests are
 * emulated, and at their end no guest's kernel may have crashed.
 * @param consoles as given to `realHako`
 */
export function watchMachines(consoles: string): void {
  beforeAll(async () => {
    await new QemuHypervisor().kvmVerdict();
  });

  afterAll(async () => {
    expect(await crashedConsoles(consoles)).toEqual([]);
  });
}
