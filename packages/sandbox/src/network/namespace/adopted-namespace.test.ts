// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';

import { FakeNamespace } from '../../testing/fake-namespace.ts';
import {
  bareLink,
  link,
  namespaceOptions,
  namespaceWorld,
  newAddresses,
} from '../../testing/namespace-world.ts';
import { adoptNamespaceNetwork } from './namespace-network.ts';

test('links that have come are taken in with their neighbours, and what somebody took out stays out', async () => {
  const links = [link('eth0')];
  await using setup = await namespaceWorld({ links });
  const { agent, plugged, vm, network } = setup;
  await expect(network.links?.takeIn({})).rejects.toMatchObject({ code: 'invalid_state' });
  await network.attach(vm, agent, {});
  await network.links?.takeIn({});
  expect(plugged.map(({ id }) => id)).toEqual(['net0']);
  links.push(link('eth1'), { ...bareLink, ifname: 'eth2' });
  await network.links?.takeIn({});
  expect(plugged.map(({ id }) => id)).toEqual(['net0', 'net1']);
  expect(agent.network.at(-1)).toMatchObject({ interface: { name: 'eth1' } });
  await network.links?.remove('eth1', {});
  const adopted = await setup.adopt();
  for (const { links: control } of [network, adopted]) {
    await control?.takeIn({});
    expect(plugged.map(({ id }) => id)).toEqual(['net0']);
  }
  await adopted.links?.add({ name: 'eth1' }, {});
  expect(plugged.map(({ id }) => id)).toEqual(['net0', 'net2']);
});

test('a new owner adds and removes links, and the namespace is as before in the end [proves links after adoption]', async () => {
  await using setup = await namespaceWorld({ links: [link('eth0'), bareLink] });
  const { namespace, agent, plugged, vm, network } = setup;
  await network.attach(vm, agent, {});
  const adopted = await setup.adopt();
  expect(agent.network).toHaveLength(1);
  await expect(adopted.links?.add({ name: 'eth0' }, {})).rejects.toThrow(
    /eth0 is given to the guest already/,
  );
  await adopted.links?.add({ name: 'eth1', addresses: newAddresses }, {});
  expect(plugged.map(({ id }) => id)).toEqual(['net0', 'net1']);
  await adopted.links?.remove('eth0', {});
  expect(plugged.map(({ id }) => id)).toEqual(['net1']);
  expect([...namespace.ingress.keys()].filter((name) => name.startsWith('eth'))).toEqual(['eth1']);
  const next = await setup.adopt();
  expect(await next.links?.rescan({})).toBe(1);
  await next.close();
  expect([...namespace.ingress.keys()].filter((name) => name.startsWith('eth'))).toEqual([]);
});

test('what a killed owner was about to add or to remove is taken back by the next one', async () => {
  await using setup = await namespaceWorld({ links: [link('eth0'), bareLink] });
  const { namespace, agent, plugged, vm, network } = setup;
  await network.attach(vm, agent, {});
  await network.links?.add({ name: 'eth1', addresses: newAddresses }, {});
  plugged.pop();
  const adopted = await setup.adopt();
  expect([...namespace.ingress.keys()].filter((name) => name.startsWith('eth'))).toEqual(['eth0']);
  await adopted.links?.add({ name: 'eth1', addresses: newAddresses }, {});
  expect(plugged.map(({ id }) => id)).toEqual(['net0', 'net2']);
});

test.each(['', 'no json', '{"namespacePath":"/"}'])('a trace that says %j is not gone on with', (text) => {
  const namespace = new FakeNamespace();
  const trace = { text, directory: '/nonexistent' };
  expect(
    adoptNamespaceNetwork(namespaceOptions('tcfilter'), { enter: () => namespace.run }, trace),
  ).toBeUndefined();
});
