// SPDX-License-Identifier: Apache-2.0
import { fstatSync } from 'node:fs';
import { access } from 'node:fs/promises';

import { describe, expect, test } from 'vitest';

import { linkObstacle, namespaceObstacle, realNamespace } from '../../testing/real-namespace.ts';
import { temporaryDirectory } from '../../testing/temporary-directory.ts';
import { chooseEndpoints, type Endpoint } from './endpoint.ts';
import { drawLinkIndex } from './link-index.ts';
import { giveBackLink, macvtapDevice, setNeighbours, takeLink, type MacvtapChange } from './macvtap-link.ts';
import { readNamespace } from './read-namespace.ts';
import type { RunInNamespace } from './run-in-namespace.ts';
import { openMacvtap } from './tap-files.ts';

const obstacle = await namespaceObstacle();
const { signal } = new AbortController();

/** One kind each, as `ip link add NAME …` makes it. */
const kinds = [
  { kind: 'veth', words: 'type veth peer name other', type: 'virtual' },
  { kind: 'macvlan', words: 'link v0 type macvlan mode bridge', type: 'macvlan' },
  { kind: 'macvtap', words: 'link v0 type macvtap mode bridge', type: 'macvtap' },
  { kind: 'ipvlan', words: 'link v0 type ipvlan mode l2', type: 'ipvlan' },
  { kind: 'dummy', words: 'type dummy', type: /is a dummy link/ },
  { kind: 'bridge', words: 'type bridge', type: /is a bridge link/ },
  { kind: 'ifb', words: 'type ifb', type: /is a ifb link/ },
] as const;

const known = await Promise.all(
  kinds.map(async (kind) => ({ ...kind, why: await linkObstacle(kind.words) })),
);

describe('links of the kernel are recognised', () => {
  for (const { kind, words, type, why } of known) {
    test.skipIf(why !== '')(`${kind}${why}`, async () => {
      await using namespace = await realNamespace();
      await namespace.ip('link add v0 type veth peer name v1');
      await namespace.ip(`link add it ${words}`);
      await namespace.ip('address add 10.7.0.1/24 dev it');
      const choose = async (): Promise<Endpoint[]> =>
        chooseEndpoints(await readNamespace(namespace.run, signal));
      if (typeof type === 'string') expect(await choose()).toMatchObject([{ name: 'it', type }]);
      else await expect(choose()).rejects.toThrow(type);
    });
  }

  test.skipIf(obstacle !== '').each([
    { queues: 'one queue', words: '', isMultiQueue: undefined },
    { queues: 'several queues', words: ' multi_queue', isMultiQueue: true },
  ])(`tap with $queues${obstacle}`, async ({ words, isMultiQueue }) => {
    await using namespace = await realNamespace();
    await namespace.ip(`tuntap add it mode tap${words}`);
    await namespace.ip('tuntap add p2p mode tun');
    await namespace.ip('address add 10.7.0.1/24 dev it');
    const [endpoint] = chooseEndpoints(await readNamespace(namespace.run, signal));
    expect(endpoint).toMatchObject({ name: 'it', type: 'tuntap' });
    expect(endpoint?.isMultiQueue).toBe(isMultiQueue);
    await namespace.ip('address add 10.8.0.1/24 dev p2p');
    const view = await readNamespace(namespace.run, signal);
    expect(() => chooseEndpoints(view)).toThrow(/link p2p .* has no hardware address/);
  });
});

const macvtapObstacle = await linkObstacle('link v0 type macvtap mode bridge');

/** A link with everything that is lost when it is taken. */
async function setUp() {
  const namespace = await realNamespace();
  for (const words of [
    ...['link add eth0 type veth peer name other', 'link set other up'],
    ...['address add 10.9.0.1/24 dev eth0', 'address add 10.9.0.7/24 dev eth0'],
    ...['-6 address add fd99::1/64 dev eth0 nodad', 'link set eth0 mtu 1400 up'],
    ...['route add default via 10.9.0.2', 'route add 10.77.0.0/16 via 10.9.0.2 mtu 1300 metric 7'],
    ...['route add 10.78.0.0/16 dev eth0 src 10.9.0.7', '-6 route add default via fd99::2'],
    'neighbour add 10.9.0.9 lladdr 02:00:00:00:00:09 dev eth0 nud permanent',
    'neighbour add fd99::9 lladdr 02:00:00:00:00:09 dev eth0 nud permanent',
  ]) {
    await namespace.ip(words);
  }
  // The kernel gives links addresses of its own a moment after they came up.
  for (const name of ['eth0', 'other'])
    await expect.poll(() => namespace.ip(`-6 address show dev ${name} scope link`)).toContain('fe80:');
  const directory = await temporaryDirectory();
  const view = await readNamespace(namespace.run, signal);
  const [endpoint] = chooseEndpoints(view);
  if (endpoint === undefined) throw new Error('no endpoint');
  const change: MacvtapChange = {
    ...{ kind: 'macvtap', link: 'eth0', tap: 'tap0_hako', files: 'net0', mac: endpoint.mac },
    ...{ privateMac: '02:11:22:33:44:55', neighbours: setNeighbours(endpoint) },
    index: await drawLinkIndex(new Set(view.links.map(({ ifindex }) => ifindex))),
  };
  const request = { change, mtuBytes: 1400, queues: 2, directory: directory.path };
  return {
    ...{ namespace, directory, change, request, before: await namespace.describe() },
    async [Symbol.asyncDispose]() {
      await namespace[Symbol.asyncDispose]();
      await directory[Symbol.asyncDispose]();
    },
  };
}

describe.skipIf(macvtapObstacle !== '')(`a macvtap on a link${macvtapObstacle}`, () => {
  test('has its hardware address and MTU, can be opened once for each queue, and the link has nothing left', async () => {
    await using setup = await setUp();
    const { namespace, change, request } = setup;
    await takeLink(request, namespace.run, signal);
    const view = await readNamespace(namespace.run, signal);
    const find = (name: string) => view.links.find(({ ifname }) => ifname === name);
    expect(find('tap0_hako')).toMatchObject({ address: change.mac, mtu: 1400, addr_info: [] });
    expect(find('eth0')).toMatchObject({ address: change.privateMac, addr_info: [] });
    {
      using files = await openMacvtap({ index: change.index, mac: change.mac, count: 2 });
      expect(files.descriptors).toHaveLength(2);
      for (const descriptor of files.descriptors)
        expect(fstatSync(descriptor).isCharacterDevice()).toBe(true);
    }
    await expect(
      openMacvtap({ index: change.index, mac: change.privateMac, count: 1 }),
    ).rejects.toMatchObject({ code: 'network_failed' });
  });

  test('is taken off without a trace, and once more does no harm', async () => {
    await using setup = await setUp();
    const { namespace, directory, change, request, before } = setup;
    await takeLink(request, namespace.run, signal);
    for (let time = 0; time < 2; time += 1) {
      await giveBackLink(change, directory.path, namespace.run);
      await expect.poll(() => namespace.describe()).toBe(before);
    }
    await expect(access(macvtapDevice(change.index))).rejects.toThrow();
    await expect(openMacvtap({ index: change.index, mac: change.mac, count: 1 })).rejects.toMatchObject({
      code: 'network_failed',
    });
  });

  test.each([0, 1, 2, 3, 4, 6].flatMap((step) => [true, false].map((isDone) => ({ step, isDone }))))(
    'an end at command $step, carried out: $isDone, can be taken back',
    async ({ step, isDone }) => {
      await using setup = await setUp();
      const { namespace, directory, change, request, before } = setup;
      let seen = 0;
      const run: RunInNamespace = async (...words) => {
        if (seen++ !== step) return namespace.run(...words);
        if (isDone) await namespace.run(...words);
        throw new Error('cut short');
      };
      await expect(takeLink(request, run, signal)).rejects.toThrow('cut short');
      await giveBackLink(change, directory.path, namespace.run);
      await expect.poll(() => namespace.describe()).toBe(before);
    },
  );

  test('a link that somebody else has changed since keeps what it was given', async () => {
    await using setup = await setUp();
    const { namespace, directory, change, request } = setup;
    await takeLink(request, namespace.run, signal);
    await namespace.ip('link set dev eth0 address 02:00:00:00:00:77');
    const changed = await namespace.ip('-brief address show dev eth0');
    await giveBackLink(change, directory.path, namespace.run);
    expect(await namespace.ip('-brief address show dev eth0')).toBe(changed);
  });
});
