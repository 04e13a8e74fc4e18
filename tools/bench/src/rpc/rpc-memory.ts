// SPDX-License-Identifier: Apache-2.0
import { readFile } from 'node:fs/promises';
import type { BenchmarkCase, Effort, FigureInfo } from '../frame/benchmark.ts';
import type { RpcPeers } from './rpc-peers.ts';
import { runLoad } from './rpc-peers.ts';

const fewCalls = 10_000;
const manyCalls = 1_000_000;

function memory(name: string, title: string): FigureInfo {
  return { name, title, unit: 'MiB', digits: 1, better: 'lower' };
}

/** Whether a server grows with the calls it has answered: resident memory of a fresh one, early and late. */
export function rpcMemoryCase(peers: RpcPeers, { scale }: Effort): BenchmarkCase {
  const later = Math.round(manyCalls * scale);
  return {
    name: 'memory',
    title: 'Resident memory of the server',
    figures: [
      memory('early', `after ${fewCalls.toLocaleString('en-GB')} calls`),
      memory('late', `after ${later.toLocaleString('en-GB')} calls`),
    ],
    once: true,
    subjects: ['hako', 'go', 'rust'],
    async measure(subject) {
      await using pair = await peers.startPair(subject);
      const calls = (count: number): Promise<unknown> =>
        runLoad(pair, { kind: 'echo', payloadBytes: 64, inFlight: 64, count, latencies: false });
      await calls(fewCalls);
      const early = await residentMib(pair.server.pid);
      await calls(later - fewCalls);
      return { early, late: await residentMib(pair.server.pid) };
    },
  };
}

async function residentMib(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  const kib = /^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1];
  if (kib === undefined) throw new Error(`process ${pid} has no resident memory`);
  return Number(kib) / 1024;
}
