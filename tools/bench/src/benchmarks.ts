// SPDX-License-Identifier: Apache-2.0
import type { Benchmark } from './frame/benchmark.ts';
import { rpcBenchmark } from './rpc/rpc-benchmark.ts';

/** Every benchmark, by name. */
export const benchmarks: ReadonlyMap<string, Benchmark> = new Map(
  [rpcBenchmark].map((benchmark) => [benchmark.name, benchmark]),
);
