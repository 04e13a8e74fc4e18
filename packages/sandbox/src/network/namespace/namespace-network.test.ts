// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';

import { FakeNamespace } from '../../testing/fake-namespace.ts';
import {
  bareLink,
  link,
  namespacePath,
  namespaceOptions,
  namespaceWorld,
  newAddresses,
  tapKind,
} from '../../testing/namespace-world.ts';
import { openNamespaceNetwork } from './namespace-network.ts';

/** Filters on both sides, the link's last: as long as it is not there, the link is as it was. */
const joining = [
  'ip link set dev tap0_hako mtu 1400 up',
  'tc qdisc add dev tap0_hako ingress',
  'tc filter add dev tap0_hako parent ffff: protocol all u32 match u32 0 0 action mirred egress redirect dev eth0',
  'tc qdisc add dev eth0 ingress',
  'tc filter add dev eth0 parent ffff: protocol all u32 match u32 0 0 action mirred egress redirect dev tap0_hako',
];
const leaving = 'tc qdisc del dev eth0 ingress';

test('a link is joined to a tap of the machine, the guest is told, and the link is as before in the end [proves model tcfilter, endpoint veth]', async () => {
  await using setup = await namespaceWorld();
  const { namespace, agent, plugged, vm, network } = setup;
  expect(network.namespacePath).toBe(namespacePath);
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
    await using setup = await namespaceWorld({
      before: (command) => {
        if (command === step) throw new Error('refused');
      },
    });
    const { namespace, agent, vm, network } = setup;
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
  await using setup = await namespaceWorld({
    before: async (command) => {
      if (command !== joining[3]) return;
      reached.resolve(undefined);
      await goOn.promise;
    },
  });
  const { namespace, agent, vm, network } = setup;
  const attaching = network.attach(vm, agent, {});
  const outcome = expect(attaching).rejects.toMatchObject({ name: 'AbortError' });
  await reached.promise;
  const closing = network.close();
  goOn.resolve(undefined);
  await Promise.all([outcome, closing]);
  expect(namespace.changes).toEqual([...joining.slice(0, 4), leaving]);
});

test('filters that somebody else has put on the link in between stay', async () => {
  await using setup = await namespaceWorld();
  const { namespace, agent, vm, network } = setup;
  await network.attach(vm, agent, {});
  namespace.ingress.set('eth0', ['ffff']);
  await network.close();
  expect(namespace.changes).not.toContain(leaving);
});

test('a reversal that fails is reported', async () => {
  await using setup = await namespaceWorld({
    before: (command) => {
      if (command === leaving) throw new Error('refused');
    },
  });
  const { agent, vm, network } = setup;
  await network.attach(vm, agent, {});
  await expect(network.close()).rejects.toMatchObject({
    code: 'network_failed',
    message: 'filters of eth0 could not be removed: refused',
  });
});

test('a tap is used as it is, with another address at the other end of it [proves model none, endpoint tap]', async () => {
  await using setup = await namespaceWorld({ links: [link('tap7', tapKind)] }, 'none');
  const { namespace, agent, plugged, vm, network } = setup;
  await network.attach(vm, agent, {});
  expect(plugged).toMatchObject([
    { mac: '06:00:00:00:00:0a', backend: { kind: 'tap', interfaceName: 'tap7' } },
  ]);
  expect(agent.network).toMatchObject([{ interface: { name: 'tap7', hwAddr: '06:00:00:00:00:0a' } }]);
  await network.close();
  expect(namespace.changes).toEqual([]);
});

test('an empty namespace is enough without a model [proves model none]', async () => {
  await using setup = await namespaceWorld({ links: [] }, 'none');
  const { agent, vm, network } = setup;
  await network.attach(vm, agent, {});
  expect(agent.calls).toEqual([]);
});

test.each<{ says: RegExp; links: readonly object[]; model?: 'none' }>([
  { says: /namespace \/proc\/self\/ns\/uts has no link with an address/, links: [] },
  {
    says: /link eth1 is a device of the host \(0000:ff:1f.7\) that no IOMMU guards/,
    links: [link('eth1', { parentbus: 'pci', parentdev: '0000:ff:1f.7' })],
  },
  { says: /link eth0 needs a model/, links: [link('eth0')], model: 'none' },
  { says: /link br0 .* is a bridge link/, links: [link('br0', { linkinfo: { info_kind: 'bridge' } })] },
])('before anything is changed it is said that $says', async ({ says, links, model }) => {
  await expect(namespaceWorld({ links }, model)).rejects.toMatchObject({
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
    openNamespaceNetwork(namespaceOptions('tcfilter'), { enter: () => namespace.run }, signal),
  ).rejects.toMatchObject({ code: 'network_failed', message: 'link eth0 has filters already' });
});

test.each([
  { file: '/nonexistent', says: /cannot be found/ },
  { file: '/etc/hostname', says: /is another kind of file/ },
  { file: '/proc/self/ns/net', says: /is the host's own/ },
])('$file is no namespace for a guest', async ({ file, says }) => {
  const { run } = new FakeNamespace();
  const { signal } = new AbortController();
  const options = { ...namespaceOptions('tcfilter'), path: file };
  await expect(openNamespaceNetwork(options, { enter: () => run }, signal)).rejects.toMatchObject({
    code: 'network_failed',
    // eslint-disable-next-line @typescript-eslint/no-unsafe-assignment -- asymmetric matchers are typed any
    message: expect.stringMatching(says),
  });
});

test("by macvtap a link is taken: its address is the guest's, one open file for each CPU [proves model macvtap]", async () => {
  await using setup = await namespaceWorld({}, 'macvtap', { vcpus: 2 });
  const { namespace, plugged, opened, vm, network, agent } = setup;
  await network.attach(vm, agent, {});
  expect(namespace.changes).toEqual([
    'save eth0',
    'ip link add link eth0 name tap0_hako numtxqueues 2 numrxqueues 2 type macvtap mode bridge',
    'ip address flush dev eth0',
    'ip link set dev eth0 address PRIVATE',
    'ip link set dev tap0_hako addrgenmode none',
    'ip link set dev tap0_hako address 02:42:ac:11:00:02 mtu 1400',
    'ip link set dev tap0_hako allmulticast on up',
  ]);
  // eslint-disable-next-line @typescript-eslint/no-unsafe-assignment -- asymmetric matchers are typed any
  expect(opened).toEqual([{ index: expect.any(Number), mac: '02:42:ac:11:00:02', count: 2 }]);
  expect(plugged).toMatchObject([
    { mac: '02:42:ac:11:00:02', backend: { kind: 'tap-descriptors', descriptors: [100, 101] } },
  ]);
  await network.close();
});

test('a macvtap that is there is brought up and opened [proves endpoint macvtap]', async () => {
  await using setup = await namespaceWorld(
    { links: [link('m0', { linkinfo: { info_kind: 'macvtap' } })] },
    'none',
  );
  const { namespace, opened, plugged, vm, network, agent } = setup;
  await network.attach(vm, agent, {});
  expect(namespace.changes).toEqual(['ip link set dev m0 allmulticast on up']);
  expect(opened).toEqual([{ index: 7, mac: '02:00:00:00:00:0a', count: 1 }]);
  expect(plugged).toMatchObject([{ backend: { kind: 'tap-descriptors', descriptors: [100] } }]);
});

test('at run time a link is added with what is said of it, and taken out again [proves interface at run time]', async () => {
  await using setup = await namespaceWorld({ links: [link('eth0'), bareLink] });
  const { namespace, agent, plugged, vm, network } = setup;
  await network.attach(vm, agent, {});
  await network.links?.add({ name: 'eth1', addresses: newAddresses, mtuBytes: 1300 }, {});
  expect(plugged.map(({ id }) => id)).toEqual(['net0', 'net1']);
  expect(agent.network.at(-1)).toMatchObject({
    interface: { name: 'eth1', devicePath: '02/02', mtu: 1300n, IPAddresses: [{ address: '10.2.0.1' }] },
  });
  await expect(network.links?.add({ name: 'eth1' }, {})).rejects.toThrow(
    /eth1 is given to the guest already/,
  );
  await expect(network.links?.add({ name: 'eth9' }, {})).rejects.toThrow(/link eth9 is not in/);
  await network.links?.remove('02:00:00:00:00:0B', {});
  expect(plugged.map(({ id }) => id)).toEqual(['net0']);
  expect([...namespace.ingress.keys()].filter((name) => name.startsWith('eth'))).toEqual(['eth0']);
  await expect(network.links?.remove('eth1', {})).rejects.toThrow(/guest has no interface "eth1"/);
  // Numbers are not used twice: a guest may be slow to let go.
  await network.links?.add({ name: 'eth1', addresses: newAddresses }, {});
  expect(plugged.map(({ id }) => id)).toEqual(['net0', 'net2']);
});

test('an interface that the guest refuses leaves nothing, and can be tried again', async () => {
  let refusals = 0;
  await using setup = await namespaceWorld({ links: [link('eth0'), bareLink] }, 'tcfilter', {
    before: (method) => {
      if (method === 'updateInterface' && refusals++ === 1) throw new Error('refused');
    },
  });
  const { namespace, agent, plugged, vm, network } = setup;
  await network.attach(vm, agent, {});
  await expect(network.links?.add({ name: 'eth1', addresses: newAddresses }, {})).rejects.toThrow('refused');
  expect(plugged.map(({ id }) => id)).toEqual(['net0']);
  expect(namespace.ingress.has('eth1')).toBe(false);
  await network.links?.add({ name: 'eth1', addresses: newAddresses }, {});
  expect(plugged).toHaveLength(2);
});

test('what cannot be taken back of an interface that the guest refuses is told in the end', async () => {
  let updates = 0;
  await using setup = await namespaceWorld(
    {
      links: [link('eth0'), bareLink],
      before: (command) => {
        if (command === 'tc qdisc del dev eth1 ingress') throw new Error('busy');
      },
    },
    'tcfilter',
    {
      before: (method) => {
        if (method === 'updateInterface' && updates++ === 1) throw new Error('refused');
      },
    },
  );
  const { agent, vm, network } = setup;
  await network.attach(vm, agent, {});
  await expect(network.links?.add({ name: 'eth1', addresses: newAddresses }, {})).rejects.toThrow('refused');
  await expect(network.close()).rejects.toMatchObject({
    code: 'network_failed',
    message: 'filters of eth1 could not be removed: busy',
  });
});

test('routes that somebody has set or changed stay when a link is added, and when it goes', async () => {
  const routes = [
    { dst: 'default', dev: 'eth0', gateway: '10.1.0.2' },
    { dst: '10.3.0.0/16', dev: 'eth1', gateway: '10.2.0.2' },
  ];
  await using setup = await namespaceWorld({ links: [link('eth0'), bareLink], routes });
  const { agent, vm, network } = setup;
  await network.attach(vm, agent, {});
  expect(agent.routes).toMatchObject([{ dest: '', gateway: '10.1.0.2' }]);
  // As another process does, past the owner.
  const changed = [
    { dest: '', device: 'eth0', gateway: '10.1.0.9' },
    { dest: '10.9.0.0/16', device: 'eth0' },
  ];
  await agent.updateRoutes({ routes: { Routes: changed } });
  for (const time of ['once', 'again']) {
    await network.links?.add({ name: 'eth1', addresses: newAddresses }, {});
    const own = { dest: '10.3.0.0/16', device: 'eth1', gateway: '10.2.0.2' };
    expect(agent.routes, time).toMatchObject([...changed, own]);
    await network.links?.remove('eth1', {});
  }
});

test('a namespace that is set up late is looked at again, until there is a link', async () => {
  const links: object[] = [];
  let looks = 0;
  await using setup = await namespaceWorld(
    {
      links,
      before: (command) => {
        if (!command.startsWith('ip -json -details address')) return;
        looks += 1;
        if (looks === 4) links.push(link('eth0'));
      },
    },
    'tcfilter',
    { mayBeEmpty: true },
  );
  const { agent, plugged, vm, network } = setup;
  await expect(network.links?.rescan({})).rejects.toMatchObject({ code: 'invalid_state' });
  await network.attach(vm, agent, {});
  expect(looks).toBe(2);
  expect(await network.links?.rescan({ timeoutMs: 0 })).toBe(0);
  expect(plugged).toEqual([]);
  expect(await network.links?.rescan({})).toBe(1);
  expect(plugged).toHaveLength(1);
  expect(await network.links?.rescan({})).toBe(1);
  // The last look but one found it, the last one reads all of it.
  expect(looks).toBe(5);
});
