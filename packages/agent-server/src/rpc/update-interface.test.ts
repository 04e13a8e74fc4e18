// SPDX-License-Identifier: Apache-2.0
import type { DeepPartial } from '@hako/protocols/agent';
import { type Interface, IPFamily } from '@hako/protocols/types';
import { Status } from 'nice-grpc-common';
import { beforeAll, describe, expect, test } from 'vitest';
import { type NetworkBench, networkAgents, shareBench } from '../testing/network-bench.ts';
import { refusal } from '../testing/refusal.ts';

const mac = '02:00:00:00:00:0a';
const otherMac = '02:00:00:00:00:0b';

interface IpLink {
  readonly ifname: string;
  readonly flags: readonly string[];
  readonly mtu: number;
  readonly address: string;
  readonly addr_info: readonly {
    readonly local: string;
    readonly prefixlen: number;
    readonly scope: string;
  }[];
}

/** What iproute2 sees of the link with an address. */
async function see({ run }: Pick<NetworkBench, 'run'>, address: string) {
  const links = JSON.parse(await run('iproute2 -j addr')) as IpLink[];
  const link = links.find((candidate) => candidate.address === address);
  if (link === undefined) return undefined;
  const addresses = link.addr_info.filter(({ scope }) => scope === 'global');
  return {
    name: link.ifname,
    mtu: link.mtu,
    isUp: link.flags.includes('UP'),
    usesArp: !link.flags.includes('NOARP'),
    addresses: addresses.map(({ local, prefixlen }) => `${local}/${prefixlen}`),
  };
}

const full: DeepPartial<Interface> = {
  name: 'eth7',
  device: 'host3',
  type: 'veth',
  hwAddr: mac.toUpperCase(),
  mtu: 1400n,
  IPAddresses: [
    { family: IPFamily.v4, address: '10.88.0.5', mask: '16' },
    { family: IPFamily.v6, address: 'fd00:88::5', mask: '64' },
  ],
};
const fullSeen = {
  name: 'eth7',
  mtu: 1400,
  isUp: true,
  usesArp: true,
  addresses: ['10.88.0.5/16', 'fd00:88::5/64'],
};

describe.each(networkAgents)('UpdateInterface $title', (agent) => {
  const { skip } = agent;
  const shared = shareBench(agent, async ({ plugNic }) => {
    return { first: await plugNic(mac), second: await plugNic(otherMac) };
  });

  /** The bench with its two cards as new. */
  async function renew() {
    const { prepared, ...bench } = shared();
    const { first, second } = prepared;
    await bench.run(`if ip link show eth7 > /dev/null 2>&1; then
        ip link set eth7 down; ip link set eth7 name ${first.name}
      fi
      for card in ${first.name}=${mac} ${second.name}=${otherMac}; do
        name=\${card%%=*}
        ip link set $name down
        ip link set $name address \${card#*=}
        ip link set $name mtu 1500
        ip link set $name arp on
        ip addr flush dev $name
        echo 0 > /proc/sys/net/ipv6/conf/$name/disable_ipv6
      done`);
    return { bench, first, second };
  }

  test.skipIf(skip)('finds a link by its hardware address, names it and raises it', async () => {
    const { bench } = await renew();
    expect(await bench.client.updateInterface({ interface: full })).toMatchObject({
      ...full,
      hwAddr: mac.toUpperCase(),
    });
    expect(await see(bench, mac)).toEqual(fullSeen);
    // Usable at once, not after the seconds of duplicate address detection.
    expect(await bench.run('iproute2 -6 addr show dev eth7 scope global')).not.toContain('tentative');
  });

  test.skipIf(skip)('finds a link by its PCI path and gives it the hardware address', async () => {
    const { bench, first } = await renew();
    const hwAddr = '02:00:00:00:00:0c';
    await bench.client.updateInterface({ interface: { ...full, hwAddr, devicePath: first.pciPath } });
    expect(await see(bench, hwAddr)).toEqual(fullSeen);
    expect(await see(bench, mac)).toBeUndefined();
  });

  test.skipIf(skip)('finds a link by its PCI path alone', async () => {
    const { bench, first } = await renew();
    await bench.client.updateInterface({ interface: { ...full, hwAddr: '', devicePath: first.pciPath } });
    expect(await see(bench, mac)).toEqual(fullSeen);
  });

  test.skipIf(skip)('finds a link by its name when none has the hardware address', async () => {
    const { bench, first } = await renew();
    const { name } = first;
    await bench.client.updateInterface({ interface: { name, hwAddr: '02:00:00:00:00:0c' } });
    expect(await see(bench, '02:00:00:00:00:0c')).toMatchObject({ name, isUp: true });
  });

  test.skipIf(skip)('exchanges the names of two links', async () => {
    const { bench, first, second } = await renew();
    await bench.client.updateInterface({ interface: { name: second.name, hwAddr: mac } });
    expect(await see(bench, mac)).toMatchObject({ name: second.name, isUp: true });
    expect(await see(bench, otherMac)).toMatchObject({ name: first.name, isUp: true });
    await bench.client.updateInterface({ interface: { name: first.name, hwAddr: mac } });
    expect(await see(bench, mac)).toMatchObject({ name: first.name, isUp: true });
    expect(await see(bench, otherMac)).toMatchObject({ name: second.name, isUp: true });
  });

  test.skipIf(skip)(
    'adds addresses to those there are, and may be repeated without losing routes',
    async () => {
      const { bench } = await renew();
      await bench.client.updateInterface({ interface: full });
      await bench.run('ip route add 10.99.0.0/16 via 10.88.0.1');
      const added = { family: IPFamily.v4, address: '10.77.0.5', mask: '32' };
      await bench.client.updateInterface({ interface: full });
      await bench.client.updateInterface({ interface: { ...full, IPAddresses: [added] } });
      expect((await see(bench, mac))?.addresses.toSorted()).toEqual([
        '10.77.0.5/32',
        '10.88.0.5/16',
        'fd00:88::5/64',
      ]);
      expect(await bench.run('ip route show 10.99.0.0/16')).toContain('via 10.88.0.1');
    },
  );

  test.skipIf(skip)('leaves MTU and name alone when they are not given, and sets the ARP flag', async () => {
    const { bench, first } = await renew();
    const { name } = first;
    await bench.client.updateInterface({ interface: { hwAddr: mac, rawFlags: 0x80 } });
    expect(await see(bench, mac)).toEqual({ name, mtu: 1500, isUp: true, usesArp: false, addresses: [] });
    await bench.client.updateInterface({ interface: { hwAddr: mac } });
    expect(await see(bench, mac)).toMatchObject({ usesArp: true });
  });

  test.skipIf(skip)('leaves IPv6 addresses out where IPv6 is switched off', async () => {
    const { bench, first } = await renew();
    const { name } = first;
    await bench.run(`echo 1 > /proc/sys/net/ipv6/conf/${name}/disable_ipv6`);
    await bench.client.updateInterface({ interface: full });
    expect(await see(bench, mac)).toEqual({ ...fullSeen, addresses: ['10.88.0.5/16'] });
  });

  test.skipIf(skip)('gives a name back when its new owner cannot be changed [INTERNAL]', async () => {
    const { bench, first, second } = await renew();
    const wanted = { name: second.name, hwAddr: mac, mtu: 5n };
    await expect(bench.client.updateInterface({ interface: wanted })).rejects.toMatchObject(
      refusal(Status.INTERNAL, 'EINVAL'),
    );
    expect(await see(bench, mac)).toMatchObject({ name: first.name });
    expect(await see(bench, otherMac)).toMatchObject({ name: second.name });
  });

  describe('refusals', () => {
    beforeAll(async () => {
      if (skip) return;
      const { bench, first } = await renew();
      await bench.run(`ip link set ${first.name} up`);
    });

    const address = { family: IPFamily.v4, address: '10.88.0.5', mask: '16' };
    test.skipIf(skip).each([
      {
        title: 'no interface [INVALID_ARGUMENT]',
        request: undefined,
        code: Status.INVALID_ARGUMENT,
        text: 'no interface',
      },
      {
        title: 'a link nobody has [INTERNAL]',
        request: { ...full, hwAddr: '02:00:00:00:00:0c' },
        text: 'Link not found',
      },
      { title: 'no hardware address [INTERNAL]', request: { ...full, hwAddr: '' }, text: 'hardware address' },
      {
        title: 'a short hardware address [INTERNAL]',
        request: { ...full, hwAddr: '02:00' },
        text: '"02:00"',
      },
      {
        title: 'an address that is none [INTERNAL]',
        request: { ...full, IPAddresses: [{ ...address, address: '10.88.0.256' }] },
        text: '"10.88.0.256"',
      },
      {
        title: 'a prefix longer than the address [INTERNAL]',
        request: { ...full, IPAddresses: [{ ...address, mask: '33' }] },
        text: '"33"',
      },
      {
        title: 'a mask that is no prefix length [INTERNAL]',
        request: { ...full, IPAddresses: [{ ...address, mask: '255.255.0.0' }] },
        text: '"255.255.0.0"',
      },
      { title: 'a name with a slash [INTERNAL]', request: { ...full, name: 'a/b' }, text: '"a/b"' },
      {
        title: 'a name of 16 bytes [INTERNAL]',
        request: { ...full, name: 'abcdefghijklmnop' },
        text: 'name',
      },
      { title: 'an MTU the driver refuses [INTERNAL]', request: { ...full, mtu: 5n }, text: 'EINVAL' },
      { title: 'an MTU beyond 31 bits [INTERNAL]', request: { ...full, mtu: 2n ** 31n }, text: 'mtu' },
      {
        title: 'a PCI path that is none [INTERNAL]',
        request: { ...full, devicePath: '../x' },
        text: 'invalid_request',
      },
      {
        title: 'a PCI path without device [INTERNAL]',
        request: { ...full, devicePath: '1e' },
        text: 'Timeout after',
      },
    ])('refuses $title', async ({ request, code = Status.INTERNAL, text }) => {
      const { prepared, ...bench } = shared();
      await expect(bench.client.updateInterface({ interface: request })).rejects.toMatchObject(
        refusal(code, text),
      );
      expect(await see(bench, mac)).toMatchObject({ name: prepared.first.name, mtu: 1500, isUp: true });
    });
  });
});
