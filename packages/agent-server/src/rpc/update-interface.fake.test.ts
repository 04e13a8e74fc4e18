// SPDX-License-Identifier: Apache-2.0
import type { LinkChange } from '@hako/linux';
import { IPFamily } from '@hako/protocols/types';
import { Status } from 'nice-grpc-common';
import { describe, expect, test } from 'vitest';
import { startFakeAgent } from '../testing/agent-harness.ts';
import { createFakeNetwork, fakeLink, type FakeNetwork } from '../testing/fake-network.ts';
import { systemError } from '../testing/memory-pipe.ts';
import { refusal } from '../testing/refusal.ts';

const newMac = '02:00:00:00:00:ff';

async function start(network: FakeNetwork, options: { readonly deviceTimeoutMs?: number } = {}) {
  return await startFakeAgent({ ...options, components: { openNetwork: () => network.open() } });
}

/** Makes the fake sysfs show eth0 behind slot 5. */
async function plugEth0(harness: Awaited<ReturnType<typeof start>>): Promise<void> {
  const path = 'sys/devices/pci0000:00/0000:00:05.0/virtio5/net/eth0/address';
  await harness.devices.appear('net', { [path]: '' });
}

function refuseAddressChange(change: string, details: LinkChange): void {
  if (change === 'changeLink 2' && details.hardwareAddress !== undefined) throw systemError('EBUSY', 'busy');
}

describe('UpdateInterface on a fake network', () => {
  test('waits for a card that is plugged later', async () => {
    const network = createFakeNetwork([fakeLink(2, 'eth0')]);
    await using harness = await start(network, { deviceTimeoutMs: 10_000 });
    const call = harness.client.updateInterface({
      interface: { devicePath: '05', hwAddr: newMac, name: 'eth0' },
    });
    await expect.poll(() => harness.devices.listeners).toBe(1);
    expect(network.changes).toEqual([]);
    await plugEth0(harness);
    await call;
    expect(network.links).toEqual([fakeLink(2, 'eth0', { hardwareAddress: newMac })]);
    expect(network.openSockets).toBe(0);
  });

  test('finds a card that has got its driver just now', async () => {
    const before = createFakeNetwork([]);
    const after = createFakeNetwork([fakeLink(2, 'eth0')]);
    let network = before;
    await using harness = await startFakeAgent({ components: { openNetwork: () => network.open() } });
    harness.devices.load = () => {
      network = after;
      return Promise.resolve(true);
    };
    await harness.client.updateInterface({ interface: { hwAddr: '02:00:00:00:00:02', mtu: 1400n } });
    expect(after.links).toEqual([fakeLink(2, 'eth0', { mtu: 1400 })]);
    expect([before.openSockets, after.openSockets]).toEqual([0, 0]);
  });

  test('goes on when the card keeps its hardware address, with the link that has the one wanted', async () => {
    const network = createFakeNetwork([
      fakeLink(2, 'eth0'),
      fakeLink(3, 'eth1', { hardwareAddress: newMac }),
    ]);
    network.refuse = refuseAddressChange;
    await using harness = await start(network);
    await plugEth0(harness);
    await harness.client.updateInterface({ interface: { devicePath: '05', hwAddr: newMac, mtu: 1400n } });
    expect(network.links).toEqual([
      fakeLink(2, 'eth0'),
      fakeLink(3, 'eth1', { hardwareAddress: newMac, mtu: 1400 }),
    ]);
    expect(harness.log).toContainEqual(
      expect.objectContaining({ level: 'warn', message: 'hardware address could not be set' }),
    );
  });

  test('refuses a card that keeps its hardware address when no link has the one wanted [INTERNAL]', async () => {
    const network = createFakeNetwork([fakeLink(2, 'eth0')]);
    network.refuse = refuseAddressChange;
    await using harness = await start(network);
    await plugEth0(harness);
    await expect(
      harness.client.updateInterface({ interface: { devicePath: '05', hwAddr: newMac, name: 'eth9' } }),
    ).rejects.toMatchObject(refusal(Status.INTERNAL, 'link_not_found: Link not found'));
    expect(network.links).toEqual([fakeLink(2, 'eth0')]);
    expect(network.openSockets).toBe(0);
  });

  test('raises a link again when its address is refused, with the old name [INTERNAL]', async () => {
    const network = createFakeNetwork([fakeLink(2, 'eth0')]);
    network.refuse = (change) => {
      if (change.startsWith('replaceAddress')) throw systemError('EPERM', 'no');
    };
    await using harness = await start(network);
    const IPAddresses = [{ family: IPFamily.v4, address: '10.0.0.1', mask: '8' }];
    await expect(
      harness.client.updateInterface({
        interface: { hwAddr: '02:00:00:00:00:02', name: 'eth5', IPAddresses },
      }),
    ).rejects.toMatchObject(refusal(Status.INTERNAL, 'EPERM: no'));
    expect(network.links).toEqual([fakeLink(2, 'eth0')]);
    expect(network.openSockets).toBe(0);
  });

  test('gives another link its name back, and the first error, when nothing works any more [INTERNAL]', async () => {
    const network = createFakeNetwork([fakeLink(2, 'eth0', { isUp: false }), fakeLink(3, 'eth1')]);
    network.refuse = (change, details: LinkChange) => {
      if (change === 'changeLink 2' && details.name !== undefined) throw systemError('EIO', 'first');
      if (change === 'changeLink 2') throw systemError('ENODEV', 'second');
    };
    await using harness = await start(network);
    await expect(
      harness.client.updateInterface({ interface: { hwAddr: '02:00:00:00:00:02', name: 'eth1' } }),
    ).rejects.toMatchObject(refusal(Status.INTERNAL, 'EIO: first'));
    expect(network.links).toEqual([fakeLink(2, 'eth0', { isUp: false }), fakeLink(3, 'eth1')]);
  });

  test('says what is left out on a link without IPv6', async () => {
    const network = createFakeNetwork([fakeLink(2, 'eth0', { hasIpv6: false })]);
    await using harness = await start(network);
    const IPAddresses = [{ family: IPFamily.v6, address: 'fd00::1', mask: '64' }];
    await harness.client.updateInterface({ interface: { hwAddr: '02:00:00:00:00:02', IPAddresses } });
    expect(network.addresses).toEqual([]);
    expect(harness.log).toContainEqual(
      expect.objectContaining({ level: 'warn', message: 'address left out: the link has no IPv6' }),
    );
  });

  test('reports that the network cannot be opened [INTERNAL]', async () => {
    const openNetwork = () => Promise.reject(systemError('EPERM', 'no network'));
    await using harness = await startFakeAgent({ components: { openNetwork } });
    await expect(harness.client.updateInterface({ interface: { hwAddr: newMac } })).rejects.toMatchObject(
      refusal(Status.INTERNAL, 'EPERM: no network'),
    );
  });
});
