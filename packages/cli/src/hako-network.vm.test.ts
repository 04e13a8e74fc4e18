// SPDX-License-Identifier: Apache-2.0
import { access } from 'node:fs/promises';

import { machineObstacle } from '@hako/sandbox/testing';
import { describe, expect, test } from 'vitest';

import { namespacePair } from './testing/namespace-pair.ts';
import { realHako } from './testing/real-hako.ts';
import { untilRunning } from './testing/until-running.ts';
import { watchMachines } from './testing/watch-machines.ts';

const consoles = 'hako-network';
const obstacle = await machineObstacle({ '/dev/net/tun': access('/dev/net/tun') });

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
      expect([await left.describe(), await right.describe()]).toEqual(before);
      expect(await hako.leftovers()).toEqual([]);
    },
  );

  test.each([
    { model: 'tcfilter', refusal: 'link eth0 has filters already; use one sandbox per namespace' },
    { model: 'macvtap', refusal: 'has no link with an address' },
  ])(
    'a namespace is for one sandbox by $model, and the next one cleans up after a killed owner',
    async ({ model, refusal }) => {
      await using pair = await namespacePair();
      await using hako = await realHako(consoles);
      const { left } = pair;
      const before = await left.describe();
      const words = ['run', '--network-model', model, '--network', left.name];
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
      const taps = expect.poll(() => left.run('ip', '-brief', 'link'), { timeout: 10_000 });
      await (model === 'macvtap' ? taps.toContain('tap0_hako') : taps.not.toContain('_hako'));
      expect(await left.describe()).not.toBe(before);
      expect(await hako.run(...words, 'busybox', 'true')).toMatchObject({ exitCode: 0, stderr: '' });
      expect(await left.describe()).toBe(before);
      expect(await hako.leftovers()).toEqual([]);
    },
  );
});
