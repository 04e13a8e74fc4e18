// SPDX-License-Identifier: Apache-2.0
import { IPFamily } from '@hako/protocols/types';
import { Status } from 'nice-grpc-common';
import { beforeAll, describe, expect, test } from 'vitest';
import { networkAgents, shareBench } from '../testing/network-bench.ts';
import { refusal } from '../testing/refusal.ts';

const nudNoArp = 0x40;
const ntfRouter = 0x80;

function neighbour(address: string, changes: object = {}) {
  const family = address.includes(':') ? IPFamily.v6 : IPFamily.v4;
  return { toIPAddress: { family, address, mask: '' }, lladdr: '02:00:00:00:00:01', ...changes };
}

describe.each(networkAgents)('AddARPNeighbors $title', (agent) => {
  const { skip } = agent;
  const shared = shareBench(agent, async ({ plugNic, run }) => {
    const { name } = await plugNic('02:00:00:00:00:0a');
    await run(`ip addr add 10.88.0.5/16 dev ${name}; ip link set ${name} up`);
    return name;
  });

  /** The bench with no neighbours: going down takes those of the link. */
  async function clean() {
    const { prepared: name, ...bench } = shared();
    await bench.run(`ip link set ${name} down; ip link set ${name} up`);
    return { ...bench, name };
  }

  test.skipIf(skip).each([
    { title: 'one without state', given: neighbour('10.88.0.1'), seen: 'lladdr 02:00:00:00:00:01 PERMANENT' },
    {
      title: 'one of IPv6 that is a router',
      given: neighbour('fd00:88::1', { flags: ntfRouter }),
      seen: 'lladdr 02:00:00:00:00:01 router PERMANENT',
    },
    {
      title: 'one with a state',
      given: neighbour('10.88.0.1', { state: nudNoArp }),
      seen: 'lladdr 02:00:00:00:00:01 NOARP',
    },
    {
      title: 'flags of which only the low byte counts',
      given: neighbour('fd00:88::1', { flags: 0x300 | ntfRouter }),
      seen: 'lladdr 02:00:00:00:00:01 router PERMANENT',
    },
  ])('adds $title', async ({ given, seen }) => {
    const { client, run, name } = await clean();
    await client.addARPNeighbors({ neighbors: { ARPNeighbors: [{ ...given, device: name }] } });
    const family = given.toIPAddress.family === IPFamily.v6 ? '-6' : '-4';
    const lines = await run(`iproute2 ${family} neigh show nud all dev ${name}`);
    expect(lines.split('\n').map((line) => line.trim())).toContain(`${given.toIPAddress.address} ${seen}`);
  });

  test.skipIf(skip)('replaces a neighbour', async () => {
    const { client, run, name } = await clean();
    for (const lladdr of ['02:00:00:00:00:01', '02:00:00:00:00:02']) {
      const ARPNeighbors = [neighbour('10.88.0.1', { device: name, lladdr })];
      await client.addARPNeighbors({ neighbors: { ARPNeighbors } });
    }
    expect(await run(`iproute2 -4 neigh show dev ${name}`)).toBe(
      '10.88.0.1 lladdr 02:00:00:00:00:02 PERMANENT \n',
    );
  });

  describe('refusals', () => {
    beforeAll(async () => {
      if (!skip) await clean();
    });

    test.skipIf(skip).each([
      { title: 'no neighbours [INVALID_ARGUMENT]', code: Status.INVALID_ARGUMENT, text: 'no neighbours' },
      {
        title: 'a device nobody has [INTERNAL]',
        given: neighbour('10.88.0.1', { device: 'nope0' }),
        text: 'Link not found',
      },
      {
        title: 'a neighbour without address [INTERNAL]',
        given: { toIPAddress: undefined, lladdr: '02:00:00:00:00:01' },
        text: 'no address',
      },
      {
        title: 'an address that is none [INTERNAL]',
        given: neighbour('10.88.0.1/16'),
        text: '"10.88.0.1/16"',
      },
      {
        title: 'a hardware address that is none [INTERNAL]',
        given: neighbour('10.88.0.1', { lladdr: 'mac' }),
        text: '"mac"',
      },
      {
        title: 'a permanent one without hardware address [INTERNAL]',
        given: neighbour('10.88.0.1', { lladdr: '' }),
        text: 'EINVAL',
      },
      {
        title: 'a state beyond 16 bits [INTERNAL]',
        given: neighbour('10.88.0.1', { state: 0x10000 }),
        text: 'state',
      },
    ])('refuses $title', async ({ given, code = Status.INTERNAL, text }) => {
      const { client, run, prepared: name } = shared();
      const neighbors = given === undefined ? undefined : { ARPNeighbors: [{ device: name, ...given }] };
      await expect(client.addARPNeighbors({ neighbors })).rejects.toMatchObject(refusal(code, text));
      expect(await run(`iproute2 -4 neigh show dev ${name}`)).toBe('');
    });
  });
});
