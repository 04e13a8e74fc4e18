// SPDX-License-Identifier: Apache-2.0
import { readFile } from 'node:fs/promises';
import type { NetworkStats } from '@hako/protocols/agent';

/** What a process says to itself is no traffic of the sandbox. */
const loopback = 'lo';

/**
 * Reads the text of `/proc/net/dev`. Source: proc(5).
 *
 * @returns the counters of every interface but the loopback one
 */
export function parseNetworkStats(text: string): NetworkStats[] {
  return text.split('\n').flatMap((line) => {
    const match = /^\s*([^\s:]+):\s*((?:\d+\s*){16})$/.exec(line);
    const name = match?.[1];
    if (name === undefined || name === loopback) return [];
    const counts = (match?.[2] ?? '').trim().split(/\s+/).map(BigInt);
    const count = (column: number) => counts[column] ?? 0n;
    return [
      {
        name,
        rxBytes: count(0),
        rxPackets: count(1),
        rxErrors: count(2),
        rxDropped: count(3),
        txBytes: count(8),
        txPackets: count(9),
        txErrors: count(10),
        txDropped: count(11),
      },
    ];
  });
}

/** The counters of this network namespace; empty on a kernel without networking. */
export async function readNetworkStats(file = '/proc/self/net/dev'): Promise<NetworkStats[]> {
  return parseNetworkStats(await readFile(file, 'utf8'));
}
