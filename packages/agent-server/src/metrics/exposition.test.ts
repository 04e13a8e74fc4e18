// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { createCallDurations } from './call-durations.ts';
import { callMetrics } from './call-metrics.ts';
import { formatExposition, itemGauge } from './exposition.ts';

test('families are headed by help and type, labels are escaped, and families without values are left out', () => {
  const text = formatExposition([
    { name: 'a_total', kind: 'counter', help: 'How often', samples: [{ value: 3 }] },
    {
      name: 'b',
      kind: 'gauge',
      help: 'What',
      samples: [{ labels: { disk: 'a"b\\c\nd', item: 'x' }, value: 2n ** 64n - 1n }],
    },
    { name: 'c', kind: 'gauge', help: 'Nothing', samples: [] },
    itemGauge('d', 'Items', [
      ['there', 0.25],
      ['absent', undefined],
    ]),
  ]);
  expect(text).toBe(
    [
      '# HELP a_total How often',
      '# TYPE a_total counter',
      'a_total 3',
      '# HELP b What',
      '# TYPE b gauge',
      String.raw`b{disk="a\"b\\c\nd",item="x"} 18446744073709551615`,
      '# HELP d Items',
      '# TYPE d gauge',
      'd{item="there"} 0.25',
      '',
    ].join('\n'),
  );
});

test('durations fall into buckets that include all shorter ones', () => {
  const durations = createCallDurations();
  for (const durationMs of [0.5, 1, 1.5, 250, 60_000]) durations.add('Check', durationMs);
  const text = formatExposition([callMetrics(durations.histograms)]);
  const values = Object.fromEntries(
    text.split('\n').flatMap((line): (readonly [string, number])[] => {
      const match = /le="([^"]+)"\} (\d+)/.exec(line);
      return match === null ? [] : [[match[1] ?? '', Number(match[2])]];
    }),
  );
  expect(values).toMatchObject({ 1: 2, 2: 3, 200: 3, 500: 4, 10000: 4, '+Inf': 5 });
  expect(text).toContain('_sum{action="Check"} 60253\n');
  expect(text).toContain('_count{action="Check"} 5\n');
});
