// SPDX-License-Identifier: Apache-2.0
import { isIPv4, isIPv6 } from 'node:net';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatHardwareAddress, parseHardwareAddress } from './hardware-address.ts';
import { formatIpAddress, ipFamilyOfText, parseIpAddress } from './ip-address.ts';

test('an address is read back from its text, which is the usual one', () => {
  const groups = fc.array(fc.constantFrom(0, 0, 0, 1, 0xabc, 0xffff), { minLength: 8, maxLength: 8 });
  const ipv6 = groups.map((list) => Uint8Array.from(list.flatMap((group) => [group >> 8, group & 0xff])));
  const ipv4 = fc.uint8Array({ minLength: 4, maxLength: 4 });
  fc.assert(
    fc.property(fc.oneof(ipv4, ipv6), (bytes) => {
      const text = formatIpAddress(bytes);
      expect(parseIpAddress(text)).toEqual(bytes);
      const host = bytes.length === 4 ? text : `[${text}]`;
      expect(new URL(`http://${host}/`).hostname).toBe(host);
    }),
  );
});

const near = fc.array(
  fc.constantFrom('0', '1', '255', '256', '00', 'f', 'ABCD', 'fffff', '.', ':', '::', '%', ' '),
  {
    maxLength: 18,
  },
);
test('text is an address exactly when Node takes it for one', () => {
  const ipv4Like = fc.array(fc.constantFrom('0', '7', '255', '256', '01', ''), {
    minLength: 3,
    maxLength: 5,
  });
  const ipv6Like = fc.array(fc.constantFrom('0', 'f', 'ABCD', 'fffff', '', '1.2.3.4'), {
    minLength: 1,
    maxLength: 9,
  });
  const texts = fc.oneof(
    near.map((parts) => parts.join('')),
    ipv4Like.map((parts) => parts.join('.')),
    ipv6Like.map((parts) => parts.join(':')),
    fc.tuple(ipv6Like, ipv6Like).map(([a, b]) => `${a.join(':')}::${b.join(':')}`),
    fc.string(),
  );
  fc.assert(
    fc.property(texts, (text) => {
      fc.pre(!text.includes('%'));
      const family = isIPv4(text) ? 'ipv4' : isIPv6(text) ? 'ipv6' : undefined;
      expect(ipFamilyOfText(text)).toBe(family);
    }),
    { numRuns: 2000 },
  );
});

test.each([
  ['::ffff:10.0.0.1', '::ffff:a00:1'],
  ['FD00:0:0:1::', 'fd00:0:0:1::'],
  ['1:0:0:2:0:0:0:3', '1:0:0:2::3'],
  ['1:0:2:3:4:5:6:7', '1:0:2:3:4:5:6:7'],
])('%s is written as %s', (text, written) => {
  expect(formatIpAddress(parseIpAddress(text) ?? new Uint8Array())).toBe(written);
});

test.each([
  'fe80::1%eth0',
  '::1::',
  '1.2.3.4::',
  '1.2.3.4:1::',
  '::1.2.3',
  '10.0.0.1/8',
  '0x0a.0.0.1',
  '010.0.0.1',
])('%s is no address', (text) => {
  expect(parseIpAddress(text)).toBeUndefined();
});

test('a hardware address is read back from its text', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 32 }), (bytes) => {
      expect(parseHardwareAddress(formatHardwareAddress(bytes).toUpperCase())).toEqual(bytes);
    }),
  );
});

test.each(['', ':', '02', '02:0', '02:00:', '0g:00', '02-00', ' 02:00', '02:00\n'])(
  '%j is read as a hardware address only when it is one',
  (text) => {
    expect(parseHardwareAddress(text)).toEqual(text === '02' ? Uint8Array.of(2) : undefined);
  },
);
