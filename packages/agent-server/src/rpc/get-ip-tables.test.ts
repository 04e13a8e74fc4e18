// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest';
import { networkAgents, shareBench } from '../testing/network-bench.ts';

/** Rules without counters and dates, which change from one look to the next. */
function rulesOf(text: string): readonly string[] {
  return text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
}

describe.each(networkAgents)('GetIPTables $title', (agent) => {
  const { skip } = agent;
  const shared = shareBench(agent, () => Promise.resolve());

  /** The bench without rules. */
  async function clean() {
    await shared().run('iptables -F; ip6tables -F');
    return shared();
  }

  test.skipIf(skip).each([
    { family: 'IPv4', isIpv6: false, program: 'iptables', source: '10.0.0.0/8' },
    { family: 'IPv6', isIpv6: true, program: 'ip6tables', source: 'fd00::/8' },
  ])('tells the rules of $family', async ({ isIpv6, program, source }) => {
    const bench = await clean();
    await bench.run(`${program}-restore <<END
*filter
-A INPUT -s ${source} -j DROP
COMMIT
END`);
    const { data } = await bench.client.getIPTables({ isIpv6 });
    expect(rulesOf(Buffer.from(data).toString())).toEqual([
      '*filter',
      ':INPUT ACCEPT [0:0]',
      ':FORWARD ACCEPT [0:0]',
      ':OUTPUT ACCEPT [0:0]',
      `-A INPUT -s ${source} -j DROP`,
      'COMMIT',
    ]);
  });

  test.skipIf(skip)('tells rules that SetIPTables takes', async () => {
    const bench = await clean();
    await bench.run(`iptables-restore <<END
*filter
-A INPUT -p udp -m udp --dport 53 -m comment --comment "names" -j ACCEPT
COMMIT
*nat
-A POSTROUTING -s 10.0.0.0/8 -j MASQUERADE
COMMIT
END`);
    const before = await bench.client.getIPTables({ isIpv6: false });
    await bench.run('iptables -F; iptables -t nat -F');
    await bench.client.setIPTables({ isIpv6: false, data: before.data });
    const after = await bench.client.getIPTables({ isIpv6: false });
    expect(rulesOf(Buffer.from(after.data).toString())).toEqual(rulesOf(Buffer.from(before.data).toString()));
    expect(Buffer.from(after.data).toString()).toContain('-j MASQUERADE');
  });
});
