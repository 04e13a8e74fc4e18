// SPDX-License-Identifier: Apache-2.0
import type { PluggableDevice, PluggedDevice } from '@hako/hypervisor';
import { expect, test } from 'vitest';

import { FakeGuestAgent } from '../../testing/fake-guest-agent.ts';
import { FakeNamespace, type FakeNamespaceOptions } from '../../testing/fake-namespace.ts';
import { openNamespaceNetwork } from './namespace-network.ts';

/** A namespace, though not one of networks: what runs in it is fake. */
const path = '/proc/self/ns/uts';

/** Filters on both sides, the link's last: as long as it is not there, the link is as it was. */
const joining = [
  'ip link set dev tap0_hako mtu 1400 up',
  'tc qdisc add dev tap0_hako ingress',
  'tc filter add dev tap0_hako parent ffff: protocol all u32 match u32 0 0 action mirred egress redirect dev eth0',
  'tc qdisc add dev eth0 ingress',
  'tc filter add dev eth0 parent ffff: protocol all u32 match u32 0 0 action mirred egress redirect dev tap0_hako',
];
const leaving = 'tc qdisc del dev eth0 ingress';

const tap = { linkinfo: { info_kind: 'tun', info_data: { type: 'tap' } } };

function link(name: string, more: object = {}): object {
  return {
    ...{ ifname: name, flags: [], mtu: 1500, link_type: 'ether', address: '02:00:00:00:00:0a' },
    addr_info: [{ family: 'inet', local: '10.1.0.1', prefixlen: 24 }],
    ...more,
  };
}

async function setUp(options: FakeNamespaceOptions = {}, model: 'tcfilter' | 'none' = 'tcfilter') {
  const namespace = new FakeNamespace(options);
  const agent = new FakeGuestAgent();
  const plugged: PluggableDevice[] = [];
  const vm = {
    plug: <Device extends PluggableDevice>(device: Device): Promise<PluggedDevice<Device>> => {
      plugged.push(device);
      const address = { pciPath: `02/0${plugged.length}` };

      return Promise.resolve({ device, address } as PluggedDevice<Device>);
    },
  };
  const { signal } = new AbortController();
  const network = await openNamespaceNetwork({ kind: 'namespace', path, model }, () => namespace.run, signal);
  return { namespace, agent, plugged, vm, network };
}

test('a link is joined to a tap of the machine, the guest is told, and the link is as before in the end', async () => {
  const { namespace, agent, plugged, vm, network } = await setUp();
  expect(network.namespacePath).toBe(path);
  await network.attach(vm, agent, {});
  expect(plugged).toEqual([
    {
      ...{ kind: 'network', id: 'net0', mac: '02:42:ac:11:00:02' },
      backend: { kind: 'tap', interfaceName: 'tap0_hako' },
    },
  ]);
  expect(namespace.changes).toEqual(joining);
  expect(agent.network).toMatchObject([{ interface: { name: 'eth0', devicePath: '02/01', mtu: 1400n } }]);
  expect(agent.calls).toEqual(['updateInterface']);
  await network.close();
  await network.close();
  expect(namespace.changes).toEqual([...joining, leaving]);
});

test.each(joining.map((step, index) => ({ step, index })))(
  'a failure of "$step" leaves the link as it was',
  async ({ step, index }) => {
    const { namespace, agent, vm, network } = await setUp({
      before: (command) => {
        if (command === step) throw new Error('refused');
      },
    });
    await expect(network.attach(vm, agent, {})).rejects.toMatchObject({
      code: 'network_failed',
      message: 'link eth0 cannot be joined: refused',
    });
    expect(agent.network).toEqual([]);
    await network.close();
    expect(namespace.changes).toEqual([
      ...joining.slice(0, index),
      ...(index === joining.length - 1 ? [leaving] : []),
    ]);
    expect(namespace.ingress.has('eth0')).toBe(false);
  },
);

test('an end in the middle waits for the command under way and takes back what it did', async () => {
  const reached = Promise.withResolvers<undefined>();
  const goOn = Promise.withResolvers<undefined>();
  const { namespace, agent, vm, network } = await setUp({
    before: async (command) => {
      if (command !== joining[3]) return;
      reached.resolve(undefined);
      await goOn.promise;
    },
  });
  const attaching = network.attach(vm, agent, {});
  const outcome = expect(attaching).rejects.toMatchObject({ name: 'AbortError' });
  await reached.promise;
  const closing = network.close();
  goOn.resolve(undefined);
  await Promise.all([outcome, closing]);
  expect(namespace.changes).toEqual([...joining.slice(0, 4), leaving]);
});

test('filters that somebody else has put on the link in between stay', async () => {
  const { namespace, agent, vm, network } = await setUp();
  await network.attach(vm, agent, {});
  namespace.ingress.set('eth0', ['ffff']);
  await network.close();
  expect(namespace.changes).not.toContain(leaving);
});

test('a reversal that fails is reported', async () => {
  const { agent, vm, network } = await setUp({
    before: (command) => {
      if (command === leaving) throw new Error('refused');
    },
  });
  await network.attach(vm, agent, {});
  await expect(network.close()).rejects.toMatchObject({
    code: 'network_failed',
    message: 'filters of eth0 could not be removed: refused',
  });
});

test('a tap is used as it is, with another address at the other end of it', async () => {
  const { namespace, agent, plugged, vm, network } = await setUp({ links: [link('tap7', tap)] }, 'none');
  await network.attach(vm, agent, {});
  expect(plugged).toMatchObject([
    { mac: '06:00:00:00:00:0a', backend: { kind: 'tap', interfaceName: 'tap7' } },
  ]);
  expect(agent.network).toMatchObject([{ interface: { name: 'tap7', hwAddr: '06:00:00:00:00:0a' } }]);
  await network.close();
  expect(namespace.changes).toEqual([]);
});

test('an empty namespace is enough without a model', async () => {
  const { agent, vm, network } = await setUp({ links: [] }, 'none');
  await network.attach(vm, agent, {});
  expect(agent.calls).toEqual([]);
});

test.each<{ says: RegExp; links: readonly object[]; model?: 'none' }>([
  { says: /namespace \/proc\/self\/ns\/uts has no link with an address/, links: [] },
  { says: /link eth1 is a device of the host/, links: [link('eth1', { parentbus: 'pci' })] },
  { says: /link m0 is a macvtap/, links: [link('m0', { linkinfo: { info_kind: 'macvtap' } })] },
  { says: /link eth0 needs a model/, links: [link('eth0')], model: 'none' },
  { says: /link br0 .* is a bridge link/, links: [link('br0', { linkinfo: { info_kind: 'bridge' } })] },
])('before anything is changed it is said that $says', async ({ says, links, model }) => {
  await expect(setUp({ links }, model)).rejects.toMatchObject({
    code: 'network_failed',
    // eslint-disable-next-line @typescript-eslint/no-unsafe-assignment -- asymmetric matchers are typed any
    message: expect.stringMatching(says),
  });
});

test('a link that another sandbox has is refused', async () => {
  const namespace = new FakeNamespace();
  namespace.ingress.set('eth0', ['ffff']);
  const { signal } = new AbortController();
  await expect(
    openNamespaceNetwork({ kind: 'namespace', path, model: 'tcfilter' }, () => namespace.run, signal),
  ).rejects.toMatchObject({ code: 'network_failed', message: 'link eth0 has filters already' });
});

test.each([
  { file: '/nonexistent', says: /cannot be found/ },
  { file: '/etc/hostname', says: /is another kind of file/ },
  { file: '/proc/self/ns/net', says: /is the host's own/ },
])('$file is no namespace for a guest', async ({ file, says }) => {
  const { run } = new FakeNamespace();
  const { signal } = new AbortController();
  const options = { kind: 'namespace', path: file, model: 'tcfilter' } as const;
  await expect(openNamespaceNetwork(options, () => run, signal)).rejects.toMatchObject({
    code: 'network_failed',
    // eslint-disable-next-line @typescript-eslint/no-unsafe-assignment -- asymmetric matchers are typed any
    message: expect.stringMatching(says),
  });
});
