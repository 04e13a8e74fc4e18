// SPDX-License-Identifier: Apache-2.0
import type { Target } from '../frame/benchmark.ts';

/** What @hako/ttrpc aims at. */
export const rpcTargets: readonly Target[] = [
  {
    case: 'sequential',
    figure: 'p50',
    subject: 'hako',
    against: { subject: 'go', figure: 'p50' },
    bound: 'at most',
    ratio: 0.7,
  },
  {
    case: 'concurrent',
    figure: 'rate',
    subject: 'hako',
    against: { subject: 'go', figure: 'rate' },
    bound: 'at least',
    ratio: 3,
  },
  {
    case: 'concurrent',
    figure: 'rate',
    subject: 'hako',
    against: { subject: 'grpc-js', figure: 'rate' },
    bound: 'at least',
    ratio: 10,
  },
  {
    case: 'large',
    figure: 'throughput',
    subject: 'hako',
    against: { subject: 'go', figure: 'throughput' },
    bound: 'at least',
    ratio: 1.3,
  },
  {
    case: 'stream',
    figure: 'throughput',
    subject: 'hako',
    against: { subject: 'go', figure: 'throughput' },
    bound: 'at least',
    ratio: 1.3,
  },
  {
    case: 'memory',
    figure: 'late',
    subject: 'hako',
    against: { subject: 'hako', figure: 'early' },
    bound: 'at most',
    ratio: 1.15,
  },
];
