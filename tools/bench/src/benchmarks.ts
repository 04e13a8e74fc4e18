// SPDX-License-Identifier: Apache-2.0
import type { Benchmark } from './frame/benchmark.ts';
import { bootBenchmark } from './boot/boot-benchmark.ts';
import { ioBenchmark } from './io/io-benchmark.ts';
import { memoryBenchmark } from './memory/memory-benchmark.ts';
import { rpcBenchmark } from './rpc/rpc-benchmark.ts';

/** Every benchmark, by name. */
export const benchmarks: ReadonlyMap<string, Benchmark> = new Map(
  [bootBenchmark, ioBenchmark, memoryBenchmark, rpcBenchmark].map((benchmark) => [benchmark.name, benchmark]),
);
