// SPDX-License-Identifier: Apache-2.0
import { type CallHistogram, durationBucketsMs } from './call-durations.ts';
import type { MetricFamily, MetricSample } from './exposition.ts';

function samplesOf({ method: action, buckets, count, sumMs }: CallHistogram): MetricSample[] {
  let below = 0;
  const bounded = durationBucketsMs.map((bound, index): MetricSample => {
    below += buckets[index] ?? 0;
    return { suffix: '_bucket', labels: { action, le: bound.toString() }, value: below };
  });
  return [
    ...bounded,
    { suffix: '_bucket', labels: { action, le: '+Inf' }, value: count },
    { suffix: '_sum', labels: { action }, value: sumMs },
    { suffix: '_count', labels: { action }, value: count },
  ];
}

/** How long calls took, per method. Kata's runtime has the same family for its side, `kata_shim_…`, with this label. */
export function callMetrics(histograms: readonly CallHistogram[]): MetricFamily {
  return {
    name: 'kata_agent_rpc_durations_histogram_milliseconds',
    kind: 'histogram',
    help: 'Duration of calls in milliseconds',
    samples: histograms.flatMap(samplesOf),
  };
}
