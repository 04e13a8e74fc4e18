// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { parseNetworkStats } from './network-stats.ts';

test('every interface but the loopback one is counted', () => {
  const text = `Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
    lo:       9       9    9    9    0     0          0         0       9       9    9    9    0     0       0          0
  eth0:       1       2    3    4    0     0          0         0 18446744073709551615       6    7    8    0     0       0          0
tun0:1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16
`;
  expect(parseNetworkStats(text)).toEqual([
    {
      name: 'eth0',
      rxBytes: 1n,
      rxPackets: 2n,
      rxErrors: 3n,
      rxDropped: 4n,
      txBytes: 2n ** 64n - 1n,
      txPackets: 6n,
      txErrors: 7n,
      txDropped: 8n,
    },
    expect.objectContaining({ name: 'tun0', rxBytes: 1n, txBytes: 9n }),
  ]);
});

test('text that is no table counts nothing', () => {
  expect(parseNetworkStats('')).toEqual([]);
  expect(parseNetworkStats('eth0: 1 2 3\n')).toEqual([]);
});
