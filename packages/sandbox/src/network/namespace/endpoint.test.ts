// SPDX-License-Identifier: Apache-2.0
import { readFile } from 'node:fs/promises';

import { expect, test } from 'vitest';

import { chooseEndpoints, type NamespaceFacts } from './endpoint.ts';
import { guestMessages } from './guest-messages.ts';
import {
  parseFilters,
  parseLinks,
  parseNeighbours,
  parseQdiscs,
  parseRoutes,
  type IpLink,
} from './ip-output.ts';

/** What iproute2 6.1 printed in a namespace made for this. */
async function golden(name: string): Promise<string> {
  return readFile(new URL(`__golden__/${name}.json`, import.meta.url), 'utf8');
}

async function facts(): Promise<NamespaceFacts> {
  return {
    links: parseLinks(await golden('addresses')),
    ipv4Routes: parseRoutes(await golden('routes-ipv4')),
    ipv6Routes: parseRoutes(await golden('routes-ipv6')),
    neighbours: parseNeighbours(await golden('neighbours')),
  };
}

const veth: IpLink = {
  ifindex: 2,
  ifname: 'eth0',
  flags: ['UP'],
  mtu: 1500,
  link_type: 'ether',
  address: '02:42:ac:11:00:02',
  linkinfo: { info_kind: 'veth' },
  addr_info: [{ family: 'inet', local: '10.1.0.1', prefixlen: 24 }],
};

function choose(...links: readonly IpLink[]) {
  return chooseEndpoints({ links, ipv4Routes: [], ipv6Routes: [], neighbours: [] });
}

test('links with addresses become endpoints, sorted by name, the loopback and bare links do not', async () => {
  const endpoints = chooseEndpoints(await facts());
  expect(endpoints.map(({ name, type, mtuBytes, mac }) => [name, type, mtuBytes, mac])).toEqual([
    ['eth0', 'virtual', 1400, '02:42:ac:11:00:02'],
    ['tapu', 'tuntap', 1500, '02:42:ac:11:00:05'],
  ]);
});

test('a guest is told addresses, set routes in their order, and the neighbours it cannot learn', async () => {
  const cards = chooseEndpoints(await facts()).map((endpoint, index) => ({
    endpoint,
    mac: endpoint.mac,
    pciPath: `02/0${index + 1}`,
  }));
  const { interfaces, routes, neighbours } = guestMessages(cards);
  expect(interfaces[0]).toEqual({
    device: 'eth0',
    name: 'eth0',
    IPAddresses: [
      { family: 0, address: '10.1.0.1', mask: '24' },
      { family: 1, address: 'fd00::1', mask: '64' },
      { family: 1, address: 'fe80::42:acff:fe11:2', mask: '64' },
    ],
    mtu: 1400n,
    hwAddr: '02:42:ac:11:00:02',
    devicePath: '02/01',
    type: 'virtual',
    rawFlags: 0,
  });
  expect(interfaces[1]).toMatchObject({ name: 'tapu', devicePath: '02/02', type: 'tuntap' });
  const common = { device: 'eth0', source: '', scope: 0, family: 0, flags: 0, mtu: 0 };
  expect(routes).toEqual([
    { ...common, dest: '', gateway: '169.254.1.1', flags: 4 },
    { ...common, dest: '10.9.0.0/16', gateway: '10.1.0.2', source: '10.1.0.1', mtu: 1300 },
    { ...common, dest: '169.254.1.1/32', gateway: '', scope: 253 },
    { ...common, dest: '', gateway: 'fd00::2', family: 1 },
  ]);
  expect(neighbours.map(({ toIPAddress, state, flags }) => [toIPAddress?.address, state, flags])).toEqual([
    ['10.1.0.8', 0x80, 0x90],
    ['169.254.1.1', 0x02, 0],
    ['10.1.0.2', 0x80, 0],
    ['fd00::2', 0x80, 0],
  ]);
  expect(neighbours[3]).toMatchObject({ toIPAddress: { family: 1 }, lladdr: '02:00:00:00:00:02' });
});

test.each<{ type: string; link: Partial<IpLink> }>([
  { type: 'virtual', link: { linkinfo: undefined } },
  { type: 'macvlan', link: { linkinfo: { info_kind: 'macvlan' } } },
  { type: 'macvtap', link: { linkinfo: { info_kind: 'macvtap' } } },
  { type: 'ipvlan', link: { linkinfo: { info_kind: 'ipvlan' } } },
  { type: 'tuntap', link: { linkinfo: { info_kind: 'tun', info_data: { type: 'tap' } } } },
  { type: 'tap', link: { linkinfo: { info_kind: 'tap' } } },
  { type: 'physical', link: { linkinfo: undefined, parentbus: 'pci', parentdev: '0000:3b:00.0' } },
])('a $type link is one', ({ type, link }) => {
  expect(choose({ ...veth, ...link })[0]?.type).toBe(type);
});

test.each<{ why: RegExp; link: Partial<IpLink> }>([
  { why: /link eth0 .* is a bridge link/, link: { linkinfo: { info_kind: 'bridge' } } },
  { why: /link eth0 .* is a device on the host's virtio bus/, link: { parentbus: 'virtio' } },
  { why: /link eth0 .* has no hardware address/, link: { link_type: 'none', address: undefined } },
])('what no guest can have is refused: $why', ({ why, link }) => {
  expect(() => choose({ ...veth, ...link })).toThrow(
    // eslint-disable-next-line @typescript-eslint/no-unsafe-assignment -- asymmetric matchers are typed any
    expect.objectContaining({ code: 'network_failed', message: expect.stringMatching(why) }),
  );
  for (const local of [undefined, 'fe80::1', 'febf::1']) {
    const addresses = [{ family: 'inet6', local, prefixlen: 64 }];
    expect(choose({ ...veth, ...link, addr_info: addresses })).toEqual([]);
  }
  expect(choose({ ...veth, ...link, addr_info: [] })).toEqual([]);
});

test('a link without address resolution says so', () => {
  const [endpoint] = choose({ ...veth, flags: ['UP', 'NOARP'] });
  if (endpoint === undefined) throw new Error('no endpoint');
  const { interfaces } = guestMessages([{ endpoint, mac: endpoint.mac, pciPath: '' }]);
  expect(interfaces[0]?.rawFlags).toBe(0x80);
});

test('a route whose gateway is of the other family, or that leads over several links, is left out', () => {
  const text = JSON.stringify([
    { dst: '10.1.0.0/16', dev: 'eth0', via: { family: 'inet6', host: 'fe80::1' } },
    { dst: '10.2.0.0/16', nexthops: [{ gateway: '10.1.0.2', dev: 'eth0' }] },
    { dst: '10.3.0.0/16', dev: 'eth0' },
  ]);
  const [endpoint] = chooseEndpoints({
    ...{ links: [veth], ipv6Routes: [], neighbours: [] },
    ipv4Routes: parseRoutes(text),
  });
  if (endpoint === undefined) throw new Error('no endpoint');
  const { routes } = guestMessages([{ endpoint, mac: endpoint.mac, pciPath: '' }]);
  expect(routes.map(({ dest }) => dest)).toEqual(['10.3.0.0/16']);
});

test('what traffic control prints is understood', async () => {
  expect(parseQdiscs(await golden('qdiscs'))).toContainEqual({
    ...{ kind: 'pfifo_fast', dev: 'tapu', handle: '0:', root: true },
  });
  const actions = parseFilters(await golden('filters')).flatMap(({ options }) => options?.actions ?? []);
  expect(actions).toEqual([{ cookie: '68616b6f0102' }]);
});

test.each(['', '  \n', '[]'])('no entries are printed as %j', (text) => {
  expect(parseNeighbours(text)).toEqual([]);
});

test.each(['[{', '{}', '[{"ifname":1}]', '[{"ifname":"eth0","mtu":-1}]'])(
  'output that is not understood is an error: %s',
  (text) => {
    expect(() => parseLinks(text)).toThrow(expect.objectContaining({ code: 'tool_failed' }));
  },
);
