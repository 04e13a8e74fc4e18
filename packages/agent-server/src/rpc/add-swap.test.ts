// SPDX-License-Identifier: Apache-2.0
import { Status } from 'nice-grpc-common';
import { describe, expect, test } from 'vitest';
import { testedAgents } from '../testing/agent-harness.ts';
import { shellOutput } from '../testing/agent-files.ts';
import { refusal } from '../testing/refusal.ts';
import { shareAgent } from '../testing/share-agent.ts';
import { addDisk } from '../testing/test-disk.ts';

function slotsOf(pciPath: string): number[] {
  return pciPath.split('/').map((slot) => parseInt(slot, 16));
}

describe.each(testedAgents)('AddSwap $title', ({ skip, kind, start }) => {
  const agent = shareAgent({ skip, start });
  test.skipIf(skip || kind !== 'guest')('uses a disk that has been plugged in', async () => {
    const harness = agent();
    await using disk = await addDisk(harness, { content: 'swap', contentMib: 16 });
    await harness.client.addSwap({ PCIPath: slotsOf(disk.source) });
    expect(await shellOutput(harness, 'cat /proc/swaps')).toMatch(/^\/dev\/vd[a-z]\s+partition\s+16380\s/m);
    await expect(harness.client.addSwap({ PCIPath: slotsOf(disk.source) })).rejects.toMatchObject(
      refusal(Status.INTERNAL, 'EBUSY'),
    );
  });

  test.skipIf(skip || kind !== 'guest')('refuses a disk without a swap signature [INTERNAL]', async () => {
    const harness = agent();
    await using disk = await addDisk(harness, { content: 'nothing', contentMib: 16 });
    await expect(harness.client.addSwap({ PCIPath: slotsOf(disk.source) })).rejects.toMatchObject(
      refusal(Status.INTERNAL, 'EINVAL'),
    );
  });

  test.skipIf(skip).each([
    { title: 'an empty path', slots: [], text: 'is empty' },
    { title: 'a slot of more than five bits', slots: [2, 32], text: 'PCI slot 32' },
    { title: 'a slot where nothing is', slots: [30], text: 'Timeout' },
  ])('refuses $title [INTERNAL]', async ({ slots, text }) => {
    const harness = agent();
    await expect(harness.client.addSwap({ PCIPath: slots })).rejects.toMatchObject(
      refusal(Status.INTERNAL, text),
    );
  });
});
