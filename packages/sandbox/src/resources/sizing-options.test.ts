// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';

import { checkSizing, type SizingOptions } from './sizing-options.ts';

const mib = 1024 * 1024;

test.for<{ options: SizingOptions; boot: string; maximum: string }>([
  { options: {}, boot: '1 512', maximum: '1 512' },
  { options: { vcpus: 2, memoryMib: 256 }, boot: '2 256', maximum: '2 256' },
  { options: { maximumVcpus: 4 }, boot: '1 512', maximum: '4 512' },
  { options: { maximumMemoryMib: 1024 }, boot: '1 512', maximum: '1 1024' },
  { options: { memoryMib: 300, maximumMemoryMib: 1000 }, boot: '1 300', maximum: '1 940' },
  { options: { memoryMib: 300, maximumMemoryMib: 400 }, boot: '1 300', maximum: '1 300' },
  { options: { podLimits: { memoryBytes: 100 * mib } }, boot: '1 612', maximum: '1 612' },
  { options: { podLimits: { cpuQuotaUs: 150_000, cpuPeriodUs: 100_000 } }, boot: '3 512', maximum: '3 512' },
  { options: { podLimits: { cpuShares: 2048 } }, boot: '3 512', maximum: '3 512' },
  {
    options: { podLimits: { cpuShares: 2048, cpuQuotaUs: 50_000, cpuPeriodUs: 100_000 } },
    boot: '2 512',
    maximum: '2 512',
  },
  {
    options: { podLimits: { memoryBytes: 100 * mib }, maximumMemoryMib: 1024 },
    boot: '1 612',
    maximum: '1 996',
  },
])('a machine of $options boots with $boot and grows to $maximum', ({ options, boot, maximum }) => {
  const { bounds } = checkSizing(options);
  const text = ({ vcpus, memoryMib }: typeof bounds.boot): string => `${vcpus} ${memoryMib}`;
  expect({ boot: text(bounds.boot), maximum: text(bounds.maximum) }).toEqual({ boot, maximum });
});

test('a machine has no swap space unless it is asked for', () => {
  expect(checkSizing({}).guestSwap).toBe(false);
  expect(checkSizing({ guestSwap: true }).guestSwap).toBe(true);
});

test.for<{ options: SizingOptions; says: string }>([
  { options: { vcpus: 0 }, says: '0 virtual CPUs are not possible' },
  { options: { vcpus: 241 }, says: '241 virtual CPUs are not possible' },
  { options: { memoryMib: 127 }, says: '127 MiB of memory are not enough to boot' },
  { options: { vcpus: 2, maximumVcpus: 1 }, says: 'a machine cannot grow to 1 virtual CPUs' },
  { options: { maximumVcpus: 241 }, says: 'a machine cannot grow to 241 virtual CPUs' },
  { options: { maximumMemoryMib: 511 }, says: 'a machine cannot grow to 511 MiB' },
  { options: { maximumMemoryMib: 600.5 }, says: 'a machine cannot grow to 600.5 MiB' },
  { options: { memorySlots: 257 }, says: '257 places for memory are not possible' },
  { options: { podLimits: { memoryBytes: 1 } }, says: 'memoryBytes of 1 is not possible' },
])('a machine of $options is refused: $says', ({ options, says }) => {
  expect(() => checkSizing(options)).toThrow(
    expect.objectContaining({ code: 'invalid_options', message: says }),
  );
});
