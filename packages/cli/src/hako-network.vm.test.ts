// SPDX-License-Identifier: Apache-2.0
import { access, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { resolveImage } from '@hako/sandbox';
import { machineObstacle } from '@hako/sandbox/testing';
import { describe, expect, test } from 'vitest';

import { limitsRates, namespacePair } from './testing/namespace-pair.ts';
import { realHako, type RealHako } from './testing/real-hako.ts';
import { untilRunning } from './testing/until-running.ts';
import { watchMachines } from './testing/watch-machines.ts';

const consoles = 'hako-network';
const obstacle = await machineObstacle({ '/dev/net/tun': access('/dev/net/tun') });

const hasRates = obstacle === '' && (await limitsRates());
const rates = hasRates ? ['--rx-rate', '8m', '--tx-rate', '4m'] : [];

/** A bundle that looks at a link which its hook has made, in the namespace of the process the hook is told of. */
async function hookedBundle({ directory }: RealHako): Promise<string> {
  const bundle = join(directory, 'bundle');
  await mkdir(bundle);
  const enter = `pid=$(sed 's/.*"pid":\\([0-9]*\\).*/\\1/'); ip() { nsenter --net=/proc/$pid/ns/net ip "$@"; }`;
  const make = 'ip link add late type veth peer name beyond; ip address add 10.77.0.1/24 dev late';
  const hook = {
    path: '/bin/sh',
    args: ['sh', '-ec', `${enter}; ${make}`],
    env: [`PATH=${process.env['PATH']}`],
  };
  const spec = {
    ociVersion: '1.0.2',
    process: {
      ...{ user: { uid: 0, gid: 0 }, cwd: '/', env: ['PATH=/bin:/sbin'] },
      args: ['ip', '-4', 'address', 'show', 'dev', 'late'],
    },
    root: { path: (await resolveImage('busybox')).rootfs },
    mounts: [{ destination: '/proc', type: 'proc', source: 'proc' }],
    hooks: { createRuntime: [hook] },
    linux: { namespaces: ['pid', 'ipc', 'uts', 'mount'].map((type) => ({ type })) },
  };
  await writeFile(join(bundle, 'config.json'), JSON.stringify(spec));
  return bundle;
}

describe.skipIf(obstacle !== '')(`hako in network namespaces${obstacle}`, () => {
  watchMachines(consoles);

  test.each([{ model: 'tcfilter' }, { model: 'macvtap' }])(
    'two sandboxes whose namespaces are joined reach each other by $model, and nothing is left [proves model $model]',
    async ({ model }) => {
      await using pair = await namespacePair();
      await using hako = await realHako(consoles);
      const { left, right } = pair;
      await right.run('ip', 'route', 'add', '10.66.0.0/16', 'via', '10.55.0.1', 'mtu', '1300');
      await right.run(
        ...(['ip', 'neighbour', 'add', '10.55.0.9', 'lladdr', '02:00:00:00:00:09'] as const),
        ...['dev', 'eth0', 'nud', 'permanent'],
      );
      const before = [await left.describe(), await right.describe()];
      const mac = /ether (\S+)/.exec(await right.run('ip', 'link', 'show', 'dev', 'eth0'))?.[1] ?? '';

      // An input that never ends: nc would close its half of the connection, and end the other nc, before the data is there.
      const receive = 'mkfifo /tmp/open; nc -l -p 5000 0<>/tmp/open | sha256sum';
      const run = ['run', '--network-model', model, '--network'];
      const receiver = hako.start([...run, left.name, 'busybox', 'sh', '-c', receive]);
      const script = `
      echo '10.55.0.1 receiver' > /etc/hosts
      ip link show dev eth0; ip -4 address show dev eth0; ip route; ip neigh
      until ping -c 1 -W 1 receiver; do :; done > /tmp/pings; tail -n 3 /tmp/pings
      until ping -c 1 -W 1 fd55::1; do :; done > /tmp/pings; tail -n 3 /tmp/pings
      head -c 8388608 /dev/urandom > /tmp/data; sha256sum < /tmp/data
      until nc receiver 5000 < /tmp/data; do ping -c 2 receiver > /tmp/pings; done`;
      const path = `/run/netns/${right.name}`;
      const sender = hako.start([...run, path, 'busybox', 'sh', '-c', script]);
      const [received, sent] = await Promise.all([receiver.finished, sender.finished]);

      expect(sent.stderr).toBe('');
      expect(sent.exitCode).toBe(0);
      expect(sent.stdout).toContain(`link/ether ${mac}`);
      expect(sent.stdout).toContain('mtu 1400');
      expect(sent.stdout).toContain('inet 10.55.0.2/24');
      expect(sent.stdout).toContain('10.66.0.0/16 via 10.55.0.1 dev eth0');
      expect(sent.stdout).toMatch(/10\.55\.0\.9 dev eth0 lladdr 02:00:00:00:00:09.*PERMANENT/);
      expect(sent.stdout.match(/1 packets received, 0% packet loss/g)).toHaveLength(2);
      const digest = /^[0-9a-f]{64}/m.exec(sent.stdout)?.[0];
      expect(received).toMatchObject({ exitCode: 0, stdout: `${digest}  -\n` });
      await expect.poll(() => Promise.all([left.describe(), right.describe()])).toEqual(before);
      expect(await hako.leftovers()).toEqual([]);
    },
  );

  test.each([
    { model: 'tcfilter', refusal: 'link eth0 has filters already; use one sandbox per namespace' },
    { model: 'macvtap', refusal: 'has no link with an address' },
  ])(
    `a namespace is for one sandbox by $model, the next one cleans up after a killed owner and gives its guest what a hook has added${hasRates ? '' : ' (rate limits skipped: not in this kernel)'} [proves links of hooks]`,
    async ({ model, refusal }) => {
      await using pair = await namespacePair();
      await using hako = await realHako(consoles);
      const { left } = pair;
      const before = await left.describe();
      const words = ['run', '--network-model', model, ...rates, '--network', left.name];
      const owner = hako.start([...words, '--name', 'owner', 'busybox', 'sh', '-c', 'echo up; sleep 1000']);
      await untilRunning(hako, 'owner');
      const listed = await hako.run('network', 'ls', 'owner');
      expect(listed).toMatchObject({ exitCode: 0, stderr: '' });
      expect(listed.stdout).toMatch(/^INTERFACE .*\n(?:.*\n)*eth0 .* 1400 .*10\.55\.0\.1\/24 fd55::1\/64/);
      const refused = await hako.run(...words, 'busybox', 'true');
      expect(refused.exitCode).toBe(125);
      expect(refused.stderr).toContain(refusal);

      owner.child.kill('SIGKILL');
      await owner.finished;
      // A tap goes with the hypervisor; filters and macvtaps stay until somebody looks.
      const taps = expect.poll(() => left.run('ip', '-brief', 'link'), { timeout: 30_000 });
      await (model === 'macvtap' ? taps.toContain('tap0_hako') : taps.not.toContain('_hako'));
      expect(await left.describe()).not.toBe(before);
      const next = await hako.run(...words, `bundle:${await hookedBundle(hako)}`);
      expect(next).toMatchObject({ exitCode: 0, stderr: '' });
      expect(next.stdout).toContain('inet 10.77.0.1/24');
      await left.run('ip', 'link', 'delete', 'dev', 'late');
      await expect.poll(() => left.describe()).toBe(before);
      expect(await hako.leftovers()).toEqual([]);
    },
  );
});
