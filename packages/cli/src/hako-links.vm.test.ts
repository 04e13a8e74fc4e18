// SPDX-License-Identifier: Apache-2.0
import { access } from 'node:fs/promises';
import { join } from 'node:path';

import { QemuHypervisor } from '@hako/hypervisor-qemu';
import { adoptSandbox, attachSandbox, createSandbox, type NetworkModel } from '@hako/sandbox';
import { machineObstacle, temporaryDirectory } from '@hako/sandbox/testing';
import { beforeAll, describe, expect, test } from 'vitest';

import { hasLinkKind, limitsRates, namespacePair, type TestNamespace } from './testing/namespace-pair.ts';
import { outputOf } from './testing/output-of.ts';

const obstacle = await machineObstacle({ '/dev/net/tun': access('/dev/net/tun') });
const hasIpvlan = obstacle === '' && (await hasLinkKind('ipvlan'));
const hasRates = obstacle === '' && (await limitsRates());
const skipped = [...(hasIpvlan ? [] : ['ipvlan']), ...(hasRates ? [] : ['rate limits'])].map(
  (what) => `; ${what} skipped: not in this kernel`,
);

/** The kinds of links that are joined. */
const proven = [
  ...['veth', 'macvlan', 'macvtap', 'tap', 'tuntap', ...(hasIpvlan ? ['ipvlan'] : [])].map(
    (kind) => `endpoint ${kind}`,
  ),
  'interface at run time',
  'links after adoption',
  ...(hasRates ? ['rate limits'] : []),
  'plug network tap-descriptors',
  'unplug network tap-descriptors',
];

/** Waits until a neighbour answers. */
const reach = (address: string): string =>
  `until ping -c 1 -W 1 ${address} > /dev/null; do :; done; echo reached ${address}`;

/** A cable between the two namespaces, besides the one that is there. */
async function addCable(left: TestNamespace, right: TestNamespace, name: string): Promise<void> {
  await left.run('ip', 'link', 'add', name, 'type', 'veth', 'peer', 'name', name, 'netns', right.name);
  for (const { run } of [left, right]) await run('ip', 'link', 'set', 'dev', name, 'up');
}

async function address({ run }: TestNamespace, where: string, link: string): Promise<void> {
  await run('ip', 'address', 'add', where, 'dev', link);
}

/** Links of each kind in the left namespace; their neighbours are in the right one. */
async function addLinks(left: TestNamespace, right: TestNamespace): Promise<readonly string[]> {
  for (const name of ['lower', 'shared', 'bridged', 'late']) await addCable(left, right, name);
  await left.run('ip', 'link', 'add', 'mv0', 'link', 'lower', 'type', 'macvlan', 'mode', 'bridge');
  await left.run('ip', 'link', 'set', 'dev', 'mv0', 'up');
  await address(left, '10.56.0.1/24', 'mv0');
  await address(right, '10.56.0.2/24', 'lower');
  await left.run('ip', 'link', 'add', 'mt0', 'link', 'lower', 'type', 'macvtap', 'mode', 'bridge');
  await left.run('ip', 'link', 'set', 'dev', 'mt0', 'up');
  await address(left, '10.60.0.1/24', 'mt0');
  await address(right, '10.60.0.2/24', 'lower');
  await left.run('ip', 'tuntap', 'add', 'tap7', 'mode', 'tap', 'multi_queue');
  await left.run('ip', 'link', 'add', 'br0', 'type', 'bridge');
  for (const name of ['tap7', 'bridged'])
    await left.run('ip', 'link', 'set', 'dev', name, 'master', 'br0', 'up');
  await left.run('ip', 'link', 'set', 'dev', 'br0', 'up');
  await address(left, '10.57.0.1/24', 'tap7');
  await address(right, '10.57.0.2/24', 'bridged');
  await address(right, '10.59.0.2/24', 'late');
  await left.run('ip', 'route', 'add', '10.96.0.0/16', 'via', '10.55.0.2');
  await left.run('ip', 'route', 'add', '10.98.0.0/16', 'dev', 'late', 'scope', 'link');
  if (!hasIpvlan) return ['10.55.0.2', '10.56.0.2', '10.57.0.2', '10.60.0.2'];
  await left.run('ip', 'link', 'add', 'ip0', 'link', 'shared', 'type', 'ipvlan', 'mode', 'l2');
  await left.run('ip', 'link', 'set', 'dev', 'ip0', 'up');
  await address(left, '10.58.0.1/24', 'ip0');
  await address(right, '10.58.0.2/24', 'shared');
  return ['10.55.0.2', '10.56.0.2', '10.57.0.2', '10.60.0.2', '10.58.0.2'];
}

const rates = { receiveBitsPerSecond: 80_000_000, sendBitsPerSecond: 40_000_000 };
const received = '80Mbit';
const sent = '40Mbit';

/** The devices at which the limits of each link are kept, with their rates. */
function limitsOf(model: NetworkModel): ReadonlyMap<string, string> {
  const names = ['eth0', ...(hasIpvlan ? ['ip0'] : []), 'mt0', 'mv0', 'tap7'];
  return new Map(
    names.flatMap((name, index) => {
      const [tap, ifb] = [`tap${index}_hako`, `ifb${index}_hako`];
      if (name === 'tap7') return [[name, received] as const, [ifb, sent] as const];
      if (name === 'mt0') return [[name, sent] as const, [ifb, received] as const];
      return model === 'macvtap' && name !== 'ip0'
        ? [[tap, sent] as const, [ifb, received] as const]
        : [[tap, received] as const, [name, sent] as const];
    }),
  );
}

/** What the kernel says of a device that holds packets back: the rate, and whether some have gone through. */
async function limitAt({ run }: TestNamespace, device: string): Promise<string> {
  expect(await run('tc', 'qdisc', 'show', 'dev', device)).toMatch(/^qdisc htb \w+: root .*default 0x2 /);
  const classes = await run('tc', '-s', 'class', 'show', 'dev', device);
  expect(classes).toMatch(/^class htb \w+:2 parent \w+:1 [^\n]*\n Sent [1-9]/m);
  const [, rate] = /^class htb \w+:1 root .*rate (\S+) ceil \1 /m.exec(classes) ?? [];
  return rate ?? classes;
}

/** What was joined and how often each link can be used at once, by name. */
const queueCount =
  'cd /sys/class/net; for n in eth0 mv0 tap7 late; do echo $n $(ls -d $n/queues/rx-* | wc -l); done';

describe.skipIf(obstacle !== '')(`links of a namespace${obstacle}`, () => {
  beforeAll(async () => {
    await new QemuHypervisor().kvmVerdict();
  });

  test.each<{ model: NetworkModel }>([{ model: 'tcfilter' }, { model: 'macvtap' }])(
    `veth, macvlan, macvtap, tap${hasIpvlan ? ', ipvlan' : ''} reach a peer by $model${hasRates ? ', no faster than they may' : ''}, and one comes and goes at run time, for a new owner too${skipped.join('')} [proves model $model, ${proven.join(', ')}]`,
    async ({ model }) => {
      await using pair = await namespacePair();
      await using temporary = await temporaryDirectory();
      const { left, right } = pair;
      const peers = await addLinks(left, right);
      const before = await left.describe();
      const path = `/run/netns/${left.name}`;
      {
        const runRoot = join(temporary.path, 'run');
        await using sandbox = await createSandbox({
          ...{ runRoot, vcpus: 2, onOwnerExit: 'keep' },
          network: { kind: 'namespace', path, model, ...(hasRates && { rates }) },
        });
        await sandbox.ready();
        expect(await outputOf(sandbox, peers.map(reach).join('; '))).toBe(
          peers.map((peer) => `reached ${peer}`).join('\n'),
        );

        for (const [device, rate] of hasRates ? limitsOf(model) : [])
          expect(await limitAt(left, device), device).toBe(rate);

        const { network } = sandbox;
        const interfaces = await network.listInterfaces();
        // What another process makes of a route is not undone by the owner.
        const moved = { destination: '10.96.0.0/16', interfaceName: 'eth0', gateway: '10.55.0.3' };
        {
          await using attached = await attachSandbox(sandbox.id, { runRoot });
          await attached.network.updateRoutes([{ ...moved, family: 'ipv4' }]);
        }
        const routes = await network.listRoutes();
        const late = await network.addInterface({
          name: 'late',
          addresses: [{ family: 'ipv4', address: '10.59.0.1', prefixLength: 24 }],
        });
        expect(late).toMatchObject({ name: 'late', mtuBytes: 1500 });
        await expect(network.addInterface({ name: 'late' })).rejects.toMatchObject({
          code: 'network_failed',
        });
        await expect(network.addInterface({ name: 'nothing' })).rejects.toMatchObject({
          code: 'network_failed',
        });
        expect(await network.listRoutes()).toMatchObject(
          expect.arrayContaining([
            expect.objectContaining({ gateway: moved.gateway }),
            expect.objectContaining({ destination: '10.98.0.0/16', interfaceName: 'late' }),
          ]) as object,
        );
        await network.updateInterface({ ...late, mtuBytes: 1300 });
        const far = { destination: '10.99.0.0/16', family: 'ipv4', interfaceName: 'late' } as const;
        await network.updateRoutes([{ ...far, gateway: '10.59.0.2' }]);
        const seen = await outputOf(
          sandbox,
          `${reach('10.59.0.2')}; ${queueCount}; ip route; ip link show dev late`,
        );
        expect(seen).toMatch(
          /^reached 10\.59\.0\.2\neth0 2\nmv0 2\ntap7 2\nlate 2\n[^]*10\.99\.0\.0\/16 via 10\.59\.0\.2 dev late[^]* mtu 1300 /,
        );
        await network.removeInterface(late.mac);
        expect(await network.listInterfaces()).toEqual(interfaces);
        expect(await network.listRoutes()).toEqual(routes);
        await expect(network.removeInterface('late')).rejects.toMatchObject({ code: 'network_failed' });
        expect(await left.run('tc', 'qdisc', 'show', 'dev', 'late')).not.toContain('ingress');
        expect(await left.run('ip', '-brief', 'link')).not.toContain('tap5_hako');

        await sandbox.release();
        await using adopted = await adoptSandbox(sandbox.id, { runRoot });
        expect(await adopted.network.listInterfaces()).toEqual(interfaces);
        await expect(adopted.network.addInterface({ name: 'eth0' })).rejects.toMatchObject({
          code: 'network_failed',
        });
        await adopted.network.addInterface({ name: 'late', addresses: late.addresses });
        expect(await outputOf(adopted, reach('10.59.0.2'))).toBe('reached 10.59.0.2');
        await adopted.network.removeInterface('eth0');
        await adopted.network.removeInterface(late.mac);
        expect((await adopted.network.listInterfaces()).map(({ name }) => name)).toEqual(
          interfaces.map(({ name }) => name).filter((name) => name !== 'eth0'),
        );
        expect(await left.run('tc', 'qdisc', 'show', 'dev', 'eth0')).not.toMatch(/ingress|htb/);
      }
      await expect.poll(() => left.describe()).toBe(before);
      expect(await left.run('ip', '-brief', 'link')).not.toContain('_hako');
    },
  );
});
