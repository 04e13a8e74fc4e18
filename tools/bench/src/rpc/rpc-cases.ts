// SPDX-License-Identifier: Apache-2.0
import type { LoadSpec } from '@hako/interop';
import type { BenchmarkCase, Effort, FigureInfo } from '../frame/benchmark.ts';
import { percentile } from '../frame/statistics.ts';
import type { RpcPeers } from './rpc-peers.ts';

const kibibyte = 1024;
const mebibyte = 1024 * kibibyte;

function latency(name: string, title: string): FigureInfo {
  return { name, title, unit: 'µs', digits: 1, better: 'lower' };
}

const rate: FigureInfo = { name: 'rate', title: 'calls', unit: '1/s', digits: 0, better: 'higher' };
const throughput: FigureInfo = {
  name: 'throughput',
  title: 'payload',
  unit: 'MB/s',
  digits: 0,
  better: 'higher',
};

/** What each load yields, from its time and the latencies of its calls. */
const figuresOf: Readonly<
  Record<string, (load: LoadSpec, elapsedNs: number, latenciesNs: readonly number[]) => number>
> = {
  p50: (_, __, latenciesNs) => percentile(latenciesNs, 0.5) / 1000,
  p99: (_, __, latenciesNs) => percentile(latenciesNs, 0.99) / 1000,
  rate: ({ count }, elapsedNs) => count / (elapsedNs / 1e9),
  throughput: ({ count, payloadBytes }, elapsedNs) => (count * payloadBytes) / 1e6 / (elapsedNs / 1e9),
};

interface LoadCase {
  readonly name: string;
  readonly title: string;
  readonly figures: readonly [FigureInfo, ...FigureInfo[]];
  readonly load: LoadSpec;
}

const loadCases: readonly LoadCase[] = [
  {
    name: 'sequential',
    title: 'Sequential calls, 64 B',
    figures: [latency('p50', 'median latency'), latency('p99', '99th percentile')],
    load: { kind: 'echo', payloadBytes: 64, inFlight: 1, count: 5000, latencies: true },
  },
  {
    name: 'concurrent',
    title: '64 calls in flight, 64 B',
    figures: [rate, latency('p99', '99th percentile')],
    load: { kind: 'echo', payloadBytes: 64, inFlight: 64, count: 20_000, latencies: true },
  },
  {
    name: 'large',
    title: '4 calls in flight, 1 MiB',
    figures: [throughput],
    load: { kind: 'echo', payloadBytes: mebibyte, inFlight: 4, count: 200, latencies: false },
  },
  {
    name: 'stream',
    title: 'Server stream, 64 KiB messages',
    figures: [throughput],
    load: { kind: 'download', payloadBytes: 64 * kibibyte, inFlight: 1, count: 4000, latencies: false },
  },
];

/** The cases that are loads on a running pair of processes. */
export function rpcLoadCases(peers: RpcPeers, { scale }: Effort): BenchmarkCase[] {
  return loadCases.map(({ name, title, figures, load }) => ({
    name,
    title,
    figures,
    async measure(subject) {
      const work = { ...load, count: Math.max(1, Math.round(load.count * scale)) };
      const { elapsedNs, latenciesNs } = await peers.load(subject, work);
      return Object.fromEntries(
        figures.flatMap((figure) => {
          const value = figuresOf[figure.name]?.(work, elapsedNs, latenciesNs);
          return value === undefined ? [] : [[figure.name, value]];
        }),
      );
    },
  }));
}
