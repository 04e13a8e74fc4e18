// SPDX-License-Identifier: Apache-2.0
import { Status } from 'nice-grpc-common';
import { describe, expect, test } from 'vitest';
import { networkAgents, shareBench } from '../testing/network-bench.ts';
import { refusal } from '../testing/refusal.ts';

function table(...rules: readonly string[]): Buffer {
  return Buffer.from(['*filter', ':INPUT ACCEPT [0:0]', ...rules, 'COMMIT', ''].join('\n'));
}

const families = [
  { family: 'IPv4', isIpv6: false, save: 'iptables-save', source: '10.0.0.0/8' },
  { family: 'IPv6', isIpv6: true, save: 'ip6tables-save', source: 'fd00::/8' },
];

describe.each(networkAgents)('SetIPTables $title', (agent) => {
  const { skip } = agent;
  const shared = shareBench(agent, () => Promise.resolve());

  /** The bench without rules. */
  async function clean() {
    await shared().run('iptables -F; ip6tables -F');
    return shared();
  }

  test.skipIf(skip).each(families)(
    'replaces a table of $family and nothing else',
    async ({ isIpv6, save, source }) => {
      const bench = await clean();
      const first = table('-A INPUT -p tcp -m tcp --dport 80 -j DROP');
      await bench.client.setIPTables({ isIpv6, data: first });
      const second = table(`-A INPUT -s ${source} -j ACCEPT`);
      expect((await bench.client.setIPTables({ isIpv6, data: second })).data).toHaveLength(0);
      const seen = await bench.run(save);
      expect(seen).toContain(`-A INPUT -s ${source} -j ACCEPT`);
      expect(seen).not.toContain('--dport 80');
      for (const other of families.filter((entry) => entry.save !== save))
        expect(await bench.run(other.save)).not.toContain('-A INPUT');
    },
  );

  test.skipIf(skip)('takes more rules than a pipe holds', async () => {
    const bench = await clean();
    const rules = Array.from(
      { length: 2000 },
      (_, index) => `-A INPUT -s 10.1.${index >> 8}.${index & 255}/32 -j DROP`,
    );
    await bench.client.setIPTables({ isIpv6: false, data: table(...rules) });
    const { data } = await bench.client.getIPTables({ isIpv6: false });
    const kept = Buffer.from(data)
      .toString()
      .split('\n')
      .filter((line) => line.startsWith('-A INPUT'));
    expect(kept).toEqual(rules);
  });

  test.skipIf(skip).each([
    { title: 'a rule that makes no sense [INTERNAL]', data: table('-A INPUT -j NOWHERE') },
    { title: 'a table without end [INTERNAL]', data: Buffer.from('*filter\n:INPUT ACCEPT [0:0]\n') },
    { title: 'bytes that are no text [INTERNAL]', data: Buffer.from([0xff, 0xfe, 0x0a]) },
  ])('refuses $title, and keeps what was there', async ({ data }) => {
    const bench = await clean();
    const rule = '-A INPUT -p tcp -m tcp --dport 80 -j DROP';
    await bench.client.setIPTables({ isIpv6: false, data: table(rule) });
    await expect(bench.client.setIPTables({ isIpv6: false, data })).rejects.toMatchObject(
      refusal(Status.INTERNAL, 'helper_failed: iptables-restore ended with'),
    );
    expect(await bench.run('iptables-save')).toContain(rule);
  });
});
