// SPDX-License-Identifier: Apache-2.0
import type { DeepPartial } from '@hako/protocols/agent';
import { IPFamily, type Route } from '@hako/protocols/types';
import { Status } from 'nice-grpc-common';
import { beforeAll, describe, expect, test } from 'vitest';
import { type NetworkBench, networkAgents, shareBench } from '../testing/network-bench.ts';
import { refusal } from '../testing/refusal.ts';

const mac = '02:00:00:00:00:0a';
const universe = 0;
const link = 253;
const onLink = 0x4;
const linkDown = 0x10;

/** Puts one card in, which is up and has addresses. */
async function plugCard(bench: NetworkBench): Promise<void> {
  await bench.plugNic(mac);
  await bench.client.updateInterface({
    interface: {
      name: 'eth7',
      hwAddr: mac,
      IPAddresses: [
        { family: IPFamily.v4, address: '10.88.0.5', mask: '16' },
        { family: IPFamily.v6, address: 'fd00:88::5', mask: '64' },
      ],
    },
  });
}

const v4: DeepPartial<Route> = { family: IPFamily.v4, device: 'eth7', scope: universe };
const v6: DeepPartial<Route> = { family: IPFamily.v6, device: 'eth7' };

/** Routes, and the lines iproute2 then has for them. */
const accepted: readonly {
  readonly title: string;
  readonly routes: readonly DeepPartial<Route>[];
  readonly seen: readonly string[];
  readonly seenV6?: readonly string[];
}[] = [
  {
    title: 'a default route without text',
    routes: [{ ...v4, gateway: '10.88.0.1' }],
    seen: ['default via 10.88.0.1'],
  },
  {
    title: 'a default route as 0.0.0.0/0',
    routes: [{ ...v4, dest: '0.0.0.0/0', gateway: '10.88.0.1' }],
    seen: ['default via 10.88.0.1'],
  },
  {
    title: 'a default route as it is listed',
    routes: [
      { ...v4, dest: '0.0.0.0', gateway: '10.88.0.1' },
      { ...v6, dest: '::', gateway: 'fd00:88::1' },
    ],
    seen: ['default via 10.88.0.1'],
    seenV6: ['default via fd00:88::1'],
  },
  {
    title: 'a default route of IPv6 as ::/0',
    routes: [{ ...v6, dest: '::/0', gateway: 'fd00:88::1' }],
    seen: [],
    seenV6: ['default via fd00:88::1'],
  },
  {
    title: 'a route over a gateway that a later route leads to',
    routes: [
      { ...v4, dest: '10.99.0.0/16', gateway: '192.0.2.1' },
      { ...v4, dest: '192.0.2.1/32', scope: link },
    ],
    seen: ['10.99.0.0/16 via 192.0.2.1', '192.0.2.1 scope link'],
  },
  {
    title: 'a gateway that is on the link by its flag',
    routes: [{ ...v4, dest: '10.99.0.0/16', gateway: '192.0.2.1', flags: onLink }],
    seen: ['10.99.0.0/16 via 192.0.2.1 onlink'],
  },
  {
    title: 'flags that tell the state of the route on the host',
    routes: [{ ...v4, dest: '10.99.0.0/16', gateway: '10.88.0.1', flags: linkDown }],
    seen: ['10.99.0.0/16 via 10.88.0.1'],
  },
  {
    title: 'a preferred source and an MTU',
    routes: [
      { ...v4, dest: '10.99.0.0/16', gateway: '10.88.0.1', source: '10.88.0.5', mtu: 1300 },
      { ...v6, dest: 'fd00:99::/64', gateway: 'fd00:88::1', source: 'fd00:88::5', mtu: 1300 },
    ],
    seen: ['10.99.0.0/16 via 10.88.0.1 src 10.88.0.5 mtu 1300'],
    seenV6: ['fd00:99::/64 via fd00:88::1 src fd00:88::5 mtu 1300'],
  },
  {
    title: 'a preferred source as prefix of length 0',
    routes: [{ ...v4, dest: '10.99.0.0/16', source: '10.88.0.5/0', scope: link }],
    seen: ['10.99.0.0/16 scope link src 10.88.0.5'],
  },
  {
    title: 'a destination without prefix length',
    routes: [{ ...v4, dest: '192.0.2.7', scope: link }],
    seen: ['192.0.2.7 scope link'],
  },
  {
    title: 'the same route twice',
    routes: [
      { ...v4, dest: '10.99.0.0/16', gateway: '10.88.0.1' },
      { ...v4, dest: '10.99.0.0/16', gateway: '10.88.0.1' },
    ],
    seen: ['10.99.0.0/16 via 10.88.0.1'],
  },
  {
    title: 'another gateway for a destination',
    routes: [
      { ...v4, dest: '10.99.0.0/16', gateway: '10.88.0.1' },
      { ...v4, dest: '10.99.0.0/16', gateway: '10.88.0.2' },
    ],
    seen: ['10.99.0.0/16 via 10.88.0.2'],
  },
  { title: 'an empty list', routes: [], seen: [] },
];

/** Lines of `ip route`, without the link, for routes that are not the kernel's own. */
async function see({ run }: Pick<NetworkBench, 'run'>) {
  const lines = (await run('iproute2 route show dev eth7 table all')).split('\n');
  const own = lines
    .filter((line) => line !== '' && !/proto (kernel|ra)|table/.test(line))
    .map((line) => line.replaceAll(/ (proto boot|metric 1024|pref medium)/g, '').trim());
  return {
    v4: own.filter((line) => !line.includes(':')),
    v6: own.filter((line) => line.includes(':')),
  };
}

describe.each(networkAgents)('UpdateRoutes $title', (agent) => {
  const { skip } = agent;
  const shared = shareBench(agent, plugCard);

  /**
   * The bench with no routes but the kernel's: going down takes all of the link, and its addresses of IPv6. The link's own
   * comes when the kernel has noticed that there is a carrier.
   */
  async function clean(): Promise<NetworkBench> {
    await shared().run(`ip link set eth7 down
      echo 0 > /proc/sys/net/ipv6/conf/eth7/disable_ipv6
      echo 0 > /proc/sys/net/ipv6/conf/eth7/accept_dad
      ip link set eth7 up
      ip addr add fd00:88::5/64 dev eth7
      until iproute2 -6 route show dev eth7 | grep -q '^fe80::/64'; do :; done`);
    return shared();
  }

  test.skipIf(skip).each(accepted)('sets $title', async ({ routes, seen, seenV6 = [] }) => {
    const bench = await clean();
    await bench.client.updateRoutes({ routes: { Routes: [...routes] } });
    expect(await see(bench)).toEqual({ v4: seen, v6: seenV6 });
  });

  test.skipIf(skip)('deletes nothing, and answers with all routes', async () => {
    const bench = await clean();
    await bench.run('ip route add 198.51.100.0/24 via 10.88.0.9');
    const { Routes } = await bench.client.updateRoutes({
      routes: { Routes: [{ ...v4, gateway: '10.88.0.1' }] },
    });
    expect(Routes).toEqual((await bench.client.listRoutes({})).Routes);
    const targets = Routes.filter(({ device }) => device === 'eth7').map(({ dest }) => dest);
    expect(targets).toEqual(['0.0.0.0', '10.88.0.0/16', '198.51.100.0/24', 'fd00:88::/64', 'fe80::/64']);
  });

  test.skipIf(skip)('takes what ListRoutes told', async () => {
    const bench = await clean();
    const wanted = accepted.flatMap(({ routes }) => routes);
    const { Routes } = await bench.client.updateRoutes({ routes: { Routes: [...wanted] } });
    const again = (await bench.client.updateRoutes({ routes: { Routes } })).Routes;
    // The kernel's own routes of IPv6 have another priority than those of hosts: both stay.
    const isOurs = ({ dest }: { readonly dest: string }) => dest !== 'fd00:88::/64' && dest !== 'fe80::/64';
    expect(again.filter(isOurs)).toEqual(Routes.filter(isOurs));
  });

  test.skipIf(skip)('leaves IPv6 routes out where IPv6 is switched off', async () => {
    const bench = await clean();
    await bench.run('echo 1 > /proc/sys/net/ipv6/conf/eth7/disable_ipv6');
    const wanted = [
      { ...v6, gateway: 'fd00:88::1' },
      { ...v4, gateway: '10.88.0.1' },
    ];
    await bench.client.updateRoutes({ routes: { Routes: wanted } });
    expect(await see(bench)).toEqual({ v4: ['default via 10.88.0.1'], v6: [] });
  });

  describe('refusals', () => {
    beforeAll(async () => {
      if (!skip) await clean();
    });

    test.skipIf(skip).each([
      { title: 'no routes [INVALID_ARGUMENT]', code: Status.INVALID_ARGUMENT, text: 'no routes' },
      {
        title: 'a device nobody has [INTERNAL]',
        route: { ...v4, device: 'nope0', dest: '10.99.0.0/16' },
        text: 'Link not found (name "nope0")',
      },
      {
        title: 'a gateway that cannot be reached [INTERNAL]',
        route: { ...v4, dest: '10.99.0.0/16', gateway: '172.31.0.1' },
        text: 'ENETUNREACH',
      },
      {
        title: 'a destination that is no address [INTERNAL]',
        route: { ...v4, dest: 'everywhere' },
        text: '"everywhere"',
      },
      { title: 'a prefix too long [INTERNAL]', route: { ...v4, dest: '10.99.0.0/33' }, text: '"33"' },
      { title: 'two prefixes [INTERNAL]', route: { ...v4, dest: '10.0.0.0/8/8' }, text: 'destination' },
      {
        title: 'a gateway of the other family [INTERNAL]',
        route: { ...v4, gateway: 'fd00:88::1' },
        text: 'ipv4 route',
      },
      {
        title: 'a destination of the other family [INTERNAL]',
        route: { ...v6, dest: '0.0.0.0/0', gateway: 'fd00:88::1' },
        text: 'ipv6 route',
      },
      {
        title: 'a source that is no address of the guest [INTERNAL]',
        route: { ...v4, dest: '10.99.0.0/16', source: '10.88.0.77' },
        text: 'EINVAL',
      },
      {
        title: 'a scope beyond 8 bits [INTERNAL]',
        route: { ...v4, dest: '10.99.0.0/16', scope: 256 },
        text: 'scope',
      },
    ])('refuses $title', async ({ route, code = Status.INTERNAL, text }) => {
      const bench = shared();
      const routes = route === undefined ? undefined : { Routes: [route] };
      await expect(bench.client.updateRoutes({ routes })).rejects.toMatchObject(refusal(code, text));
      expect(await see(bench)).toEqual({ v4: [], v6: [] });
    });

    test.skipIf(skip)('changes nothing when one of the routes cannot be read [INTERNAL]', async () => {
      const bench = shared();
      const wanted = [
        { ...v4, gateway: '10.88.0.1' },
        { ...v4, dest: 'x' },
      ];
      await expect(bench.client.updateRoutes({ routes: { Routes: wanted } })).rejects.toMatchObject({
        code: Status.INTERNAL,
      });
      expect(await see(bench)).toEqual({ v4: [], v6: [] });
    });
  });
});
