// SPDX-License-Identifier: Apache-2.0
import { IPFamily } from '@hako/protocols/types';
import { describe, expect, test } from 'vitest';
import { networkAgents, shareBench } from '../testing/network-bench.ts';

describe.each(networkAgents)('ListRoutes $title', (agent) => {
  const { skip, start } = agent;
  const shared = shareBench(agent, ({ plugNic }) => plugNic('02:00:00:00:00:0a'));

  test.skipIf(skip)('tells the main table, IPv4 before IPv6', async () => {
    const { prepared, ...bench } = shared();
    const { name } = prepared;
    await bench.run(`ip addr add 10.88.0.5/16 dev ${name}
      iproute2 addr add fd00:88::5/64 dev ${name} nodad
      ip link set ${name} up
      iproute2 route add default via 10.88.0.1 src 10.88.0.5 mtu 1300
      iproute2 route add 10.99.0.0/16 via 192.0.2.1 dev ${name} onlink
      ip route add 10.98.0.0/16 via 10.88.0.1 table 100
      ip -6 route add default via fd00:88::1
      ip -6 route add fd00:99::/64 via fd00:88::1`);
    const { Routes } = await bench.client.listRoutes({});
    const none = { device: name, gateway: '', source: '', scope: 0, flags: 0, mtu: 0 };
    const v4 = { ...none, family: IPFamily.v4 };
    const v6 = { ...none, family: IPFamily.v6 };
    expect(Routes.filter(({ device, dest }) => device === name && dest !== 'fe80::/64')).toEqual([
      { ...v4, dest: '0.0.0.0', gateway: '10.88.0.1', source: '10.88.0.5', mtu: 1300 },
      { ...v4, dest: '10.88.0.0/16', source: '10.88.0.5', scope: 253 },
      { ...v4, dest: '10.99.0.0/16', gateway: '192.0.2.1', flags: 4 },
      { ...v6, dest: 'fd00:88::/64' },
      { ...v6, dest: 'fd00:99::/64', gateway: 'fd00:88::1' },
      { ...v6, dest: '::', gateway: 'fd00:88::1' },
    ]);
  });

  test.skipIf(skip)('leaves out a route with neither destination nor gateway', async () => {
    const { prepared, ...bench } = shared();
    const { name } = prepared;
    await bench.run(`ip link set ${name} down
      ip addr flush dev ${name}
      ip link set ${name} up
      ip route add default dev ${name} scope link`);
    const { Routes } = await bench.client.listRoutes({});
    expect(Routes.filter(({ device, family }) => device === name && family === IPFamily.v4)).toEqual([]);
  });

  test.skipIf(skip)('tells nothing of an agent without cards', async () => {
    await using bench = await start();
    expect(await bench.client.listRoutes({})).toEqual({ Routes: [] });
  });
});
