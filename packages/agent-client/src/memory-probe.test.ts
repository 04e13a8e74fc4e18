// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { memoryProbeAddresses } from './memory-probe.ts';

test('each whole block has its address, beyond 2^53 too', () => {
  const address = 2n ** 60n;
  expect(memoryProbeAddresses({ address, sizeMib: 300, sectionMib: 128 })).toEqual([
    address,
    address + 0x800_0000n,
  ]);
});

test.each([0, -128, Number.NaN])('a block size of %s is refused', (sectionMib) => {
  expect(() => memoryProbeAddresses({ address: 0n, sizeMib: 128, sectionMib })).toThrow(
    expect.objectContaining({ code: 'invalid_request' }),
  );
});
