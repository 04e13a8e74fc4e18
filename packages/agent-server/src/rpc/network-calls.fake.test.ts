// SPDX-License-Identifier: Apache-2.0
import { IPFamily } from '@hako/protocols/types';
import { Status } from 'nice-grpc-common';
import { describe, expect, test } from 'vitest';
import { startFakeAgent } from '../testing/agent-harness.ts';
import { createFakeNetwork, fakeLink, type FakeNetwork } from '../testing/fake-network.ts';
import { systemError } from '../testing/memory-pipe.ts';
import { refusal } from '../testing/refusal.ts';

async function start(network: FakeNetwork) {
  return await startFakeAgent({ components: { openNetwork: () => network.open() } });
}

const v4 = { family: IPFamily.v4, device: 'eth0' };
const v6 = { family: IPFamily.v6, device: 'eth0' };
const toIPAddress = { family: IPFamily.v4, address: '10.0.0.1', mask: '' };

describe('UpdateRoutes on a fake network', () => {
  test('sets routes without gateway first, each kind in the order given', async () => {
    const network = createFakeNetwork([fakeLink(2, 'eth0')]);
    await using harness = await start(network);
    const Routes = [
      { ...v4, dest: '10.1.0.0/16', gateway: '10.9.0.1' },
      { ...v4, dest: '10.2.0.0/16' },
      { ...v6, gateway: 'fd00::1' },
      { ...v4, dest: '10.3.0.0/16' },
    ];
    await harness.client.updateRoutes({ routes: { Routes } });
    expect(network.changes).toEqual([
      'replaceRoute 10.2.0.0',
      'replaceRoute 10.3.0.0',
      'replaceRoute 10.1.0.0',
      'replaceRoute default',
    ]);
    expect(network.openSockets).toBe(0);
  });

  test('takes a route that is there already for set', async () => {
    const network = createFakeNetwork([fakeLink(2, 'eth0')]);
    network.refuse = (change) => {
      if (change === 'replaceRoute 10.1.0.0') throw systemError('EEXIST', 'there');
    };
    await using harness = await start(network);
    const Routes = [
      { ...v4, dest: '10.1.0.0/16' },
      { ...v4, dest: '10.2.0.0/16' },
    ];
    await harness.client.updateRoutes({ routes: { Routes } });
    expect(network.routes.map(({ destination }) => destination?.address)).toEqual(['10.2.0.0']);
  });

  test('keeps the routes before the one that fails [INTERNAL]', async () => {
    const network = createFakeNetwork([fakeLink(2, 'eth0')]);
    network.refuse = (change) => {
      if (change === 'replaceRoute 10.2.0.0') throw systemError('ENETUNREACH', 'far away');
    };
    await using harness = await start(network);
    const Routes = ['10.1.0.0/16', '10.2.0.0/16', '10.3.0.0/16'].map((dest) => ({ ...v4, dest }));
    await expect(harness.client.updateRoutes({ routes: { Routes } })).rejects.toMatchObject(
      refusal(Status.INTERNAL, 'ENETUNREACH: far away'),
    );
    expect(network.routes.map(({ destination }) => destination?.address)).toEqual(['10.1.0.0']);
    expect(network.openSockets).toBe(0);
  });

  test('gives source prefixes and preferred sources apart', async () => {
    const network = createFakeNetwork([fakeLink(2, 'eth0')]);
    await using harness = await start(network);
    const sources = ['fd00:1::/64', 'fd00::5', 'fd00::5/0', 'fd00::5/128'];
    const Routes = sources.map((source, index) => ({ ...v6, dest: `fd00:${index}::/64`, source }));
    const answer = await harness.client.updateRoutes({ routes: { Routes } });
    expect(
      network.routes.map(({ sourcePrefix, preferredSource }) => [sourcePrefix, preferredSource]),
    ).toEqual([
      [{ address: 'fd00:1::', length: 64 }, undefined],
      [undefined, 'fd00::5'],
      [undefined, 'fd00::5'],
      [{ address: 'fd00::5', length: 128 }, undefined],
    ]);
    expect(answer.Routes.map(({ source }) => source)).toEqual([
      'fd00:1::/64',
      'fd00::5',
      'fd00::5',
      'fd00::5/128',
    ]);
  });
});

describe('AddARPNeighbors on a fake network', () => {
  test('says what is left out on a link without IPv6', async () => {
    const network = createFakeNetwork([fakeLink(2, 'eth0', { hasIpv6: false })]);
    await using harness = await start(network);
    const ofIpv6 = { family: IPFamily.v6, address: 'fd00::1', mask: '' };
    const ARPNeighbors = [ofIpv6, toIPAddress].map((address) => ({ toIPAddress: address, device: 'eth0' }));
    await harness.client.addARPNeighbors({ neighbors: { ARPNeighbors } });
    expect(network.neighbours).toEqual([
      { linkIndex: 2, address: '10.0.0.1', hardwareAddress: undefined, state: 0x80, flags: 0 },
    ]);
    expect(harness.log).toContainEqual(
      expect.objectContaining({ level: 'warn', message: 'neighbour left out: the link has no IPv6' }),
    );
  });
});

type Client = Awaited<ReturnType<typeof start>>['client'];
const calls: readonly { readonly title: string; readonly call: (client: Client) => Promise<unknown> }[] = [
  { title: 'ListInterfaces', call: (client) => client.listInterfaces({}) },
  { title: 'ListRoutes', call: (client) => client.listRoutes({}) },
  { title: 'UpdateRoutes', call: (client) => client.updateRoutes({ routes: { Routes: [] } }) },
  {
    title: 'AddARPNeighbors',
    call: (client) => client.addARPNeighbors({ neighbors: { ARPNeighbors: [{ ...v4, toIPAddress }] } }),
  },
];

describe.each(calls)('$title on a fake network', ({ call }) => {
  test('reports that the network cannot be opened [INTERNAL]', async () => {
    const openNetwork = () => Promise.reject(systemError('EMFILE', 'too many open files'));
    await using harness = await startFakeAgent({ components: { openNetwork } });
    await expect(call(harness.client)).rejects.toMatchObject(refusal(Status.INTERNAL, 'EMFILE: too many'));
  });
});
