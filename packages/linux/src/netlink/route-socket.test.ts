// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest';
import { backends } from '../testing/backends.ts';
import { isolationMissing, runIsolated } from '../testing/isolated.ts';

const reason = isolationMissing === undefined ? '' : ` (skipped: ${isolationMissing})`;

/** Before each body: two ends of a cable, the first with an address. */
const prelude = `const { execFileSync } = await import('node:child_process');
  const ip = (line) => execFileSync('ip', line.split(' ')).toString();
  ip('link add name nic address 02:00:00:00:00:0a type veth peer name peer');
  ip('link set peer up');
  using network = linux.openRouteSocket({}, libc);
  const find = (name) => network.listLinks().find((link) => link.name === name);
  const a = find('nic');
  const attempt = (act) => { try { act(); return 'done'; } catch (error) { return error.code + ' ' + error.message; } };
  const route = { family: 'ipv4', linkIndex: a.index, scope: 0, flags: 0, mtu: 0 };
  const report = (value) => console.log(JSON.stringify(value));`;

const cases: readonly { readonly name: string; readonly body: string; readonly seen: readonly unknown[] }[] =
  [
    {
      name: 'a link is listed and changed in one message',
      body: `report(a);
      network.changeLink(a.index, { name: 'card', hardwareAddress: '02:00:00:00:00:0c', mtu: 1400, usesArp: false, isUp: true });
      report(find('card'));
      network.changeLink(a.index, {});
      network.changeLink(a.index, { isUp: false });
      report(find('card').isUp);`,
      seen: [
        {
          index: 3,
          name: 'nic',
          hardwareAddress: '02:00:00:00:00:0a',
          mtu: 1500,
          isUp: false,
          usesArp: true,
          hasIpv6: true,
        },
        {
          index: 3,
          name: 'card',
          hardwareAddress: '02:00:00:00:00:0c',
          mtu: 1400,
          isUp: true,
          usesArp: false,
          hasIpv6: true,
        },
        false,
      ],
    },
    {
      name: 'IPv6 that is switched off shows, as does a link too narrow for it',
      body: `fs.writeFileSync('/proc/sys/net/ipv6/conf/nic/disable_ipv6', '1');
      report(find('nic').hasIpv6);
      network.changeLink(find('peer').index, { mtu: 1000 });
      report(find('peer').hasIpv6);`,
      seen: [false, false],
    },
    {
      name: 'addresses are added, replaced and listed',
      body: `for (const address of ['10.88.0.5', '10.88.0.5', 'fd00::5'])
        network.replaceAddress({ linkIndex: a.index, address, prefixLength: 16 });
      report(network.listAddresses().filter(({ address }) => !address.startsWith('fe80')));
      report(ip('-4 addr show dev nic').includes('brd 10.88.255.255'));`,
      seen: [
        [
          { linkIndex: 3, address: '10.88.0.5', prefixLength: 16 },
          { linkIndex: 3, address: 'fd00::5', prefixLength: 16 },
        ],
        true,
      ],
    },
    {
      name: 'routes of the main table only are listed; none at first',
      body: `report([network.listRoutes('ipv4'), network.listRoutes('ipv6').filter((route) => route.destination.address !== 'fe80::')]);
      ip('addr add 10.88.0.5/16 dev nic'); ip('link set nic up'); ip('route add 10.77.0.0/16 via 10.88.0.1 table 77');
      ip('route add 10.78.0.0/16 via inet6 fe80::7 dev nic');
      network.replaceRoute({ ...route, gateway: '10.88.0.1', mtu: 1300 });
      network.replaceRoute({ ...route, gateway: '10.88.0.2', mtu: 1300 });
      report(network.listRoutes('ipv4').map(({ destination, gateway, mtu }) => [destination?.address ?? '', gateway ?? '', mtu]));`,
      seen: [
        [[], []],
        [
          ['', '10.88.0.2', 1300],
          ['10.78.0.0', 'fe80::7', 0],
          ['10.88.0.0', '', 0],
        ],
      ],
    },
    {
      name: 'neighbours are added, replaced and listed',
      body: `ip('addr add 10.88.0.5/16 dev nic'); ip('link set nic up');
      for (const hardwareAddress of ['02:00:00:00:00:01', '02:00:00:00:00:02'])
        network.replaceNeighbour({ linkIndex: a.index, address: '10.88.0.1', hardwareAddress, state: 0x80, flags: 0 });
      report(network.listNeighbours().filter(({ address }) => address === '10.88.0.1'));`,
      seen: [
        [
          {
            linkIndex: 3,
            address: '10.88.0.1',
            hardwareAddress: '02:00:00:00:00:02',
            state: 0x80,
            flags: 0,
          },
        ],
      ],
    },
    {
      name: 'the kernel says in code and words what it refuses, and the socket goes on',
      body: `report(attempt(() => network.changeLink(99, { mtu: 1400 })));
      report(attempt(() => network.changeLink(a.index, { mtu: 5 })));
      report(attempt(() => network.changeLink(a.index, { name: 'peer' })));
      report(attempt(() => network.replaceRoute({ ...route, gateway: '172.31.0.1', destination: { address: '10.9.0.0', length: 16 } })));
      report(attempt(() => network.replaceAddress({ linkIndex: 99, address: 'fd00::5', prefixLength: 64 })));
      report(attempt(() => network.replaceNeighbour({ linkIndex: 99, address: '10.88.0.1', state: 0x80, flags: 0 })));
      report(attempt(() => network.replaceAddress({ linkIndex: 3, address: 'nowhere', prefixLength: 64 })));
      report(find('nic').mtu);`,
      seen: [
        'ENODEV RTM_SETLINK link 99: ENODEV',
        'EINVAL RTM_SETLINK link 3: EINVAL (mtu less than device minimum)',
        'EEXIST RTM_SETLINK peer: EEXIST',
        'ENETUNREACH RTM_NEWROUTE 10.9.0.0/16 via 172.31.0.1: ENETUNREACH (Nexthop has invalid gateway)',
        'ENODEV RTM_NEWADDR fd00::5/64: ENODEV (ipv6: Unable to find the interface)',
        'ENODEV RTM_NEWNEIGH 10.88.0.1: ENODEV',
        'invalid_argument netlink nowhere/64: invalid_argument',
        1500,
      ],
    },
    {
      name: 'lists of many datagrams are complete',
      body: `ip('addr add 10.88.0.5/16 dev nic'); ip('link set nic up');
      const count = 3000;
      for (let index = 0; index < count; index++)
        network.replaceRoute({ ...route, scope: 253, destination: { address: '172.16.' + (index >> 8) + '.' + (index & 255), length: 32 } });
      report(new Set(network.listRoutes('ipv4').map(({ destination }) => destination.address)).size);`,
      seen: [3001],
    },
    {
      name: 'another namespace is reached without staying in it',
      body: `const { spawn } = await import('node:child_process'); const { once } = await import('node:events');
      const other = spawn('unshare', ['--net', 'sh', '-c', 'echo ready; exec cat']);
      await once(other.stdout, 'data');
      { using there = linux.openRouteSocket({ namespace: '/proc/' + other.pid + '/ns/net' }, libc);
        report(there.listLinks().map(({ name }) => name)); }
      report(network.listLinks().map(({ name }) => name));
      using again = linux.openRouteSocket({}, libc);
      report(again.listLinks().length);
      const descriptors = fs.readdirSync('/proc/self/fd').length;
      for (let count = 0; count < 50; count++) linux.openRouteSocket({ namespace: '/proc/' + other.pid + '/ns/net' }, libc)[Symbol.dispose]();
      report(fs.readdirSync('/proc/self/fd').length - descriptors);
      report(attempt(() => linux.openRouteSocket({ namespace: '/proc/self/status' }, libc)));
      other.stdin.end();`,
      seen: [['lo'], ['lo', 'peer', 'nic'], 3, 0, 'EINVAL setns /proc/self/status: EINVAL'],
    },
    {
      name: 'a closed socket says so',
      body: `const socket = linux.openRouteSocket({}, libc); socket[Symbol.dispose](); socket[Symbol.dispose]();
      report(attempt(() => socket.listLinks()));`,
      seen: ['closed RTM_GETLINK: closed'],
    },
  ];

describe.each(backends)('rtnetlink through $title', ({ name: backend, missing }) => {
  test.skipIf(missing || isolationMissing !== undefined).each(cases)(
    `$name${reason}`,
    async ({ body, seen }) => {
      const result = await runIsolated(backend, ['--net'], `${prelude}\n${body}`);
      const lines = seen.map((value) => `${JSON.stringify(value)}\n`).join('');
      expect(result).toEqual({ exitCode: 0, signal: null, stdout: lines, stderr: '' });
    },
  );
});
