// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';

import type { FakeNamespaceOptions } from '../../testing/fake-namespace.ts';
import { link, namespaceWorld, tapKind } from '../../testing/namespace-world.ts';
import type { NetworkModel } from '../network-options.ts';

const rates = { receiveBitsPerSecond: 8_000_000, sendBitsPerSecond: 1_000_000 };
const macvtapKind = { linkinfo: { info_kind: 'macvtap' } };

/** What is set at a device for a rate. */
function queueOf(device: string, megabits: number): readonly string[] {
  const bucket = `htb rate ${megabits}000000bit ceil ${megabits}000000bit quantum 60000`;
  return [
    `tc qdisc add dev ${device} root handle M: htb default 2`,
    `tc class add dev ${device} parent M: classid M:1 ${bucket}`,
    `tc class add dev ${device} parent M:1 classid M:2 ${bucket}`,
  ];
}

/** What leads all that comes in by a device over an ifb. */
function detourOf(device: string, megabits: number): readonly string[] {
  return [
    'ip link add name ifb0_hako txqueuelen 1000 type ifb',
    'ip link set dev ifb0_hako up',
    ...queueOf('ifb0_hako', megabits),
    `tc qdisc add dev ${device} ingress`,
    `tc filter add dev ${device} parent ffff: protocol all u32 match u32 0 0 action mirred egress redirect dev ifb0_hako`,
  ];
}

const releaseDetourOf = (device: string): readonly string[] => [
  `tc qdisc del dev ${device} ingress`,
  'ip link del dev ifb0_hako',
];

/** Each kind of connection: what leaves by a tap comes to the guest, what leaves by a macvtap comes from it. */
test.each<{
  how: string;
  model: NetworkModel;
  links?: readonly object[];
  limiting: readonly string[];
  releasing: readonly string[];
}>([
  {
    ...{ how: 'a tap and a link that are joined', model: 'tcfilter' },
    limiting: [...queueOf('tap0_hako', 8), ...queueOf('eth0', 1)],
    releasing: ['tc qdisc del dev eth0 root', 'tc qdisc del dev eth0 ingress'],
  },
  {
    ...{ how: 'a macvtap on a link', model: 'macvtap' },
    limiting: [...detourOf('tap0_hako', 8), ...queueOf('tap0_hako', 1)],
    releasing: releaseDetourOf('tap0_hako'),
  },
  {
    ...{ how: 'a tap that is there', model: 'none', links: [link('tap7', tapKind)] },
    limiting: [...queueOf('tap7', 8), ...detourOf('tap7', 1)],
    releasing: [...releaseDetourOf('tap7'), 'tc qdisc del dev tap7 root'],
  },
  {
    ...{ how: 'a macvtap that is there', model: 'none', links: [link('m0', macvtapKind)] },
    limiting: [...detourOf('m0', 8), ...queueOf('m0', 1)],
    releasing: ['tc qdisc del dev m0 root', ...releaseDetourOf('m0')],
  },
])(
  'the rates of $how are limited behind everything else, and released first [proves rate limits]',
  async ({ model, links, limiting, releasing }) => {
    await using world = await namespaceWorld(links === undefined ? {} : { links }, model, { rates });
    const { namespace, agent, vm, network } = world;
    await network.attach(vm, agent, {});
    expect(namespace.changes.slice(-limiting.length)).toEqual(limiting);
    const before = namespace.changes.length;
    await network.close();
    expect(namespace.changes.slice(before, before + releasing.length)).toEqual(releasing);
    for (const device of ['eth0', 'tap7', 'm0']) {
      expect(namespace.queues.has(device)).toBe(false);
      expect(namespace.ingress.has(device)).toBe(false);
    }
  },
);

test('one direction alone needs no detour by filters, and links that come later have the same limit', async () => {
  const links = [link('eth0')];
  await using world = await namespaceWorld({ links }, 'tcfilter', {
    rates: { sendBitsPerSecond: 1_000_000 },
  });
  const { namespace, agent, vm, network } = world;
  await network.attach(vm, agent, {});
  expect(namespace.changes.slice(-3)).toEqual(queueOf('eth0', 1));
  expect(namespace.queues.has('tap0_hako')).toBe(false);
  links.push(link('eth1'));
  await network.links?.add({ name: 'eth1' }, {});
  expect(namespace.changes.slice(-3)).toEqual(queueOf('eth1', 1));
  await network.links?.remove('eth1', {});
  expect([...namespace.queues.keys()]).toEqual(['eth0']);
});

test.each(detourOf('tap7', 1).map((step) => ({ step })))(
  'a failure of "$step" leaves the tap as it was',
  async ({ step }) => {
    const links = [link('tap7', tapKind)];
    const before: FakeNamespaceOptions['before'] = (command) => {
      if (command === step) throw new Error('refused');
    };
    await using world = await namespaceWorld({ links, before }, 'none', { rates });
    const { namespace, agent, vm, network } = world;
    await expect(network.attach(vm, agent, {})).rejects.toMatchObject({
      code: 'network_failed',
      message: 'link tap7 cannot be joined: refused',
    });
    await network.close();
    expect(namespace.queues.has('tap7')).toBe(false);
    expect(namespace.ingress.has('tap7')).toBe(false);
    expect(await namespace.run(['ip', '-json', '-details', 'address', 'show'])).not.toContain('ifb');
  },
);

test.each<{ module: string; links: readonly object[] }>([
  { module: 'sch_htb', links: [] },
  { module: 'ifb', links: [link('tap7', tapKind)] },
])('a kernel without $module is told of before anything is changed', async ({ module, links }) => {
  const commands: string[] = [];
  const before: FakeNamespaceOptions['before'] = (command) => {
    commands.push(command);
    if (command.startsWith('unshare') && command.endsWith(module.replace('sch_', '')))
      throw new Error('Specified qdisc kind is unknown.');
  };
  await expect(namespaceWorld({ links, before }, 'none', { rates })).rejects.toMatchObject({
    code: 'network_failed',
    message: `the kernel of the host cannot limit rates by ${module}: Specified qdisc kind is unknown.`,
    remedy: `load it with \`modprobe ${module}\`, or leave the limits out`,
  });
  const changes = /^(?:ip|tc) (?!-json)/;
  expect(commands.filter((command) => changes.test(command))).toEqual([]);
});
