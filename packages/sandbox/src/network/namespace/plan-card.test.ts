// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';

import type { NetworkModel } from '../network-options.ts';
import type { Endpoint, EndpointType } from './endpoint.ts';
import type { TcQdisc } from './ip-output.ts';
import { planCard } from './plan-card.ts';

const mac = '02:42:ac:11:00:02';
const others = { name: 'eth0', index: 5, mac, mtuBytes: 1500, hasArp: true };
const lists = { addresses: [], routes: [], neighbours: [] };

function plan(type: EndpointType, model: NetworkModel, more: Partial<Endpoint> = {}) {
  return planCard({
    ...{ endpoint: { ...others, ...lists, type, ...more }, index: 3, model, vcpus: 4, qdiscs: [] },
  });
}

const tap = 'tap3_hako';
const vfio = { pciAddress: '0000:3b:00.0' };
const socket = { socketPath: '/tmp/vhostuser_10.1.0.1/vhu.sock' };

/** Each kind of §5.1 of Kata's host runtime by each model: what it is connected by, and its pairs of queues. */
test.each<{
  type: EndpointType;
  /** Name of its row in docs/host-status.md. */
  proves: string;
  more?: Partial<Endpoint>;
  tcfilter: object;
  macvtap?: object;
  none?: object;
  queues: number;
  guestMac?: string;
}>([
  {
    type: 'virtual',
    proves: 'veth',
    tcfilter: { kind: 'mirror', tap },
    macvtap: { kind: 'macvtap', tap },
    queues: 4,
  },
  {
    type: 'macvlan',
    proves: 'macvlan',
    tcfilter: { kind: 'mirror', tap },
    macvtap: { kind: 'macvtap', tap },
    queues: 4,
  },
  { type: 'ipvlan', proves: 'ipvlan', tcfilter: { kind: 'mirror', tap }, queues: 4 },
  {
    type: 'macvtap',
    proves: 'macvtap',
    tcfilter: { kind: 'own-macvtap' },
    none: { kind: 'own-macvtap' },
    queues: 4,
  },
  {
    ...{
      type: 'tap',
      proves: 'tap',
      tcfilter: { kind: 'tap', tap: 'eth0' },
      none: { kind: 'tap', tap: 'eth0' },
    },
    ...{ queues: 1, guestMac: '06:42:ac:11:00:02' },
  },
  {
    ...{
      type: 'tuntap',
      proves: 'tuntap',
      tcfilter: { kind: 'tap', tap: 'eth0' },
      none: { kind: 'tap', tap: 'eth0' },
    },
    ...{ queues: 4, guestMac: '06:42:ac:11:00:02', more: { isMultiQueue: true } },
  },
  {
    ...{
      type: 'physical',
      proves: 'physical',
      tcfilter: { kind: 'vfio', ...vfio },
      none: { kind: 'vfio', ...vfio },
    },
    ...{ queues: 1, more: vfio },
  },
  {
    ...{
      type: 'vhost-user',
      proves: 'vhost-user',
      tcfilter: { kind: 'vhost-user', ...socket },
      none: { kind: 'vhost-user', ...socket },
    },
    ...{ queues: 1, more: socket },
  },
])(
  '$type is joined as the model says [proves endpoint $proves]',
  ({ type, more, tcfilter, macvtap = tcfilter, none, queues, guestMac = mac }) => {
    for (const [model, connection] of Object.entries({ tcfilter, macvtap })) {
      expect(plan(type, model === 'macvtap' ? model : 'tcfilter', more)).toMatchObject({
        ...{ connection, queues, mac: guestMac, id: 'net3' },
      });
    }
    if (none !== undefined) expect(plan(type, 'none', more)).toMatchObject({ connection: none, queues });
    else expect(() => plan(type, 'none', more)).toThrow('link eth0 needs a model that joins it');
  },
);

test('a link that is taken gets an address that nobody has registered, another one each time', () => {
  const drawn = Array.from({ length: 50 }, () => {
    const { connection } = plan('virtual', 'macvtap');
    return connection.kind === 'macvtap' ? connection.privateMac : '';
  });
  expect(new Set(drawn).size).toBe(50);
  // The two lowest bits of the first byte: of our own making, and of a single station.
  for (const address of drawn) expect(address).toMatch(/^[\da-f][26ae](?::[\da-f]{2}){5}$/);
});

const rates = { receiveBitsPerSecond: 1000 };

test.each<{ says: string; type: EndpointType; more?: Partial<Endpoint>; qdisc?: TcQdisc }>([
  { says: 'bypasses the kernel of the host', type: 'physical', more: vfio },
  { says: 'bypasses the kernel of the host', type: 'vhost-user', more: socket },
  {
    says: 'has a queueing discipline at its root already',
    ...{ type: 'tap', qdisc: { dev: 'eth0', kind: 'fq', handle: '8001:', root: true } },
  },
  {
    says: 'has a queueing discipline at its ingress already',
    ...{ type: 'macvtap', qdisc: { dev: 'eth0', kind: 'clsact', handle: 'ffff:' } },
  },
])('a rate of a $type link is refused if it $says', ({ says, type, more = {}, qdisc }) => {
  const endpoint = { ...others, ...lists, type, ...more };
  const request = { endpoint, index: 3, model: 'none', vcpus: 1, rates } as const;
  expect(() => planCard({ ...request, qdiscs: qdisc === undefined ? [] : [qdisc] })).toThrow(
    `link eth0 ${says}`,
  );
});

test('what the kernel gives a link by itself makes way for a limit', () => {
  const endpoint = { ...others, ...lists, type: 'tap' } as const;
  const qdiscs = [
    { dev: 'eth0', kind: 'pfifo_fast', handle: '0:', root: true },
    { dev: 'eth1', kind: 'fq', handle: '8001:', root: true },
  ];
  const { rates: planned } = planCard({ endpoint, index: 3, model: 'none', vcpus: 1, rates, qdiscs });
  expect(planned).toEqual([{ at: 'root', device: 'eth0', bitsPerSecond: 1000, isLasting: true }]);
});
