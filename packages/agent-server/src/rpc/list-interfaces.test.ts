// SPDX-License-Identifier: Apache-2.0
import { IPFamily } from '@hako/protocols/types';
import { describe, expect, test } from 'vitest';
import { networkAgents, shareBench } from '../testing/network-bench.ts';

const mac = '02:00:00:00:00:0a';

describe.each(networkAgents)('ListInterfaces $title', (agent) => {
  const { skip } = agent;
  const shared = shareBench(agent, ({ plugNic }) => plugNic(mac));

  test.skipIf(skip)('tells name, hardware address, MTU and addresses of every link', async () => {
    const { prepared, ...bench } = shared();
    const { name } = prepared;
    await bench.run(`ip addr add 10.88.0.5/16 dev ${name}
      ip addr add fd00:88::5/64 dev ${name}
      iproute2 addr add 192.0.2.1 peer 192.0.2.2/32 dev ${name}
      ip link set ${name} mtu 1400`);
    const { Interfaces } = await bench.client.listInterfaces({});
    expect(Interfaces.find((link) => link.name === name)).toEqual({
      device: '',
      name,
      IPAddresses: [
        { family: IPFamily.v4, address: '10.88.0.5', mask: '16' },
        { family: IPFamily.v4, address: '192.0.2.1', mask: '32' },
        { family: IPFamily.v6, address: 'fd00:88::5', mask: '64' },
      ],
      mtu: 1400n,
      hwAddr: mac.toUpperCase(),
      devicePath: '',
      type: '',
      rawFlags: 0,
    });
    const names = (await bench.run('ls /proc/sys/net/ipv4/neigh')).split('\n').filter((text) => text !== '');
    expect(Interfaces.map((link) => link.name).toSorted()).toEqual(
      names.filter((text) => text !== 'default').toSorted(),
    );
  });

  test.skipIf(skip)('tells the loopback link too', async () => {
    const { Interfaces } = await shared().client.listInterfaces({});
    expect(Interfaces).toContainEqual(
      expect.objectContaining({ name: 'lo', hwAddr: '00:00:00:00:00:00', mtu: 65536n }),
    );
  });
});
