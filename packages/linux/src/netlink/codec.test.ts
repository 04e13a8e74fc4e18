// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeAcknowledgement } from './acknowledgement.ts';
import { decodeAddress, encodeAddress } from './address.ts';
import { decodeAttributes, encodeAttributes } from './attribute.ts';
import { isLittleEndian } from './byte-order.ts';
import { formatHardwareAddress } from './hardware-address.ts';
import { formatIpAddress } from './ip-address.ts';
import { decodeLink, encodeLinkChange, encodeLinkQuery } from './link.ts';
import { decodeMessages, encodeMessage } from './message.ts';
import { decodeNeighbour, encodeNeighbour } from './neighbour.ts';
import { decodeRoute, encodeRoute, encodeRouteQuery, type NetworkRoute } from './route.ts';

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
const bytes = (text: string) => Buffer.from(text.replaceAll(/\s/g, ''), 'hex');
const route: NetworkRoute = { family: 'ipv4', linkIndex: 3, scope: 0, flags: 0, mtu: 0 };

/** What the named commands of iproute2 6.1 send, as strace shows it, without the header of the message; little-endian. */
const golden = [
  {
    name: 'the query for links',
    made: encodeLinkQuery(),
    text: `00000000 00000000 00000000 00000000 08001d00 08000000`,
  },
  {
    name: 'ip link set dev 3 address 02:00:00:00:00:0a mtu 1400 name eth7 up arp off',
    made: encodeLinkChange(3, {
      hardwareAddress: '02:00:00:00:00:0a',
      mtu: 1400,
      name: 'eth7',
      isUp: true,
      usesArp: false,
    }),
    text: `00000000 03000000 81000000 81000000
      0a000100 02000000000a 0000 08000400 78050000 09000300 65746837 00 000000`,
  },
  {
    name: 'ip addr replace 10.88.0.5/16 brd + dev 3',
    made: encodeAddress({ linkIndex: 3, address: '10.88.0.5', prefixLength: 16 }),
    text: `02100000 03000000 08000200 0a580005 08000100 0a580005 08000400 0a58ffff`,
  },
  {
    name: 'ip addr replace 10.88.0.5/31 dev 3',
    made: encodeAddress({ linkIndex: 3, address: '10.88.0.5', prefixLength: 31 }),
    text: `021f0000 03000000 08000200 0a580005 08000100 0a580005`,
  },
  {
    name: 'ip addr replace fd00::5/64 nodad dev 3',
    made: encodeAddress({ linkIndex: 3, address: 'fd00::5', prefixLength: 64 }),
    text: `0a400200 03000000 14000200 fd000000000000000000000000000005
      14000100 fd000000000000000000000000000005`,
  },
  { name: 'the query for routes', made: encodeRouteQuery('ipv6'), text: `0a000000 fe000000 00000000` },
  {
    name: 'ip route replace default via 10.88.0.1 dev 3 src 10.88.0.5 mtu 1300 onlink',
    made: encodeRoute({ ...route, gateway: '10.88.0.1', preferredSource: '10.88.0.5', mtu: 1300, flags: 4 }),
    text: `02000000 fe030001 04000000 08000500 0a580001 08000700 0a580005 08000400 03000000
      0c000800 08000200 14050000`,
  },
  {
    name: 'ip -6 route replace fd00:99::/64 from fd00:88::/64 dev 3',
    made: encodeRoute({
      ...route,
      family: 'ipv6',
      destination: { address: 'fd00:99::', length: 64 },
      sourcePrefix: { address: 'fd00:88::', length: 64 },
    }),
    text: `0a404000 fe030001 00000000 14000100 fd000099000000000000000000000000
      14000200 fd000088000000000000000000000000 08000400 03000000`,
  },
  {
    name: 'ip neigh replace 10.88.0.1 lladdr 02:00:00:00:00:01 dev 3 router',
    made: encodeNeighbour({
      linkIndex: 3,
      address: '10.88.0.1',
      hardwareAddress: '02:00:00:00:00:01',
      state: 0x80,
      flags: 0x80,
    }),
    text: `02000000 03000000 80008000 08000100 0a580001 0a000200 020000000001 0000`,
  },
  {
    name: 'a message and its padding',
    made: encodeMessage({ type: 24, flags: 0x505, sequence: 7, payload: Uint8Array.of(1, 2, 3, 4, 5) }),
    text: `15000000 1800 0505 07000000 00000000 0102030405 000000`,
  },
];

test.skipIf(!isLittleEndian).each(golden)('$name is written byte by byte', ({ made, text }) => {
  expect(hex(made)).toBe(bytes(text).toString('hex'));
});

const ipv4 = fc.uint8Array({ minLength: 4, maxLength: 4 }).map(formatIpAddress);
const ipv6 = fc.uint8Array({ minLength: 16, maxLength: 16 }).map(formatIpAddress);
const mac = fc.uint8Array({ minLength: 6, maxLength: 6 }).map(formatHardwareAddress);
const index = fc.integer({ min: 1, max: 0x7fffffff });
const octet = fc.integer({ min: 0, max: 255 });
const word = fc.integer({ min: 0, max: 0xffffffff });

function routesOf(family: 'ipv4' | 'ipv6') {
  const address = family === 'ipv4' ? ipv4 : ipv6;
  const prefix = fc.record({ address, length: fc.integer({ min: 1, max: family === 'ipv4' ? 32 : 128 }) });
  const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });
  return fc.record({
    family: fc.constant(family),
    destination: maybe(prefix),
    gateway: maybe(address),
    linkIndex: maybe(index),
    sourcePrefix: maybe(prefix),
    preferredSource: maybe(address),
    scope: octet,
    flags: word,
    mtu: word,
  });
}

describe('what is written is read back', () => {
  test('messages', () => {
    const message = fc.record({
      type: fc.integer({ min: 0, max: 0xffff }),
      flags: fc.integer({ min: 0, max: 0xffff }),
      sequence: word,
      payload: fc.uint8Array({ maxLength: 100 }),
    });
    fc.assert(
      fc.property(fc.array(message, { maxLength: 8 }), (messages) => {
        expect(decodeMessages(Buffer.concat(messages.map(encodeMessage)))).toEqual(
          messages.map(({ payload, ...rest }) => ({ ...rest, payload: Buffer.from(payload) })),
        );
      }),
    );
  });

  test('attributes', () => {
    const attributes = fc.uniqueArray(
      fc.tuple(fc.integer({ min: 1, max: 0x3fff }), fc.uint8Array({ maxLength: 40 })),
      { selector: ([type]) => type, maxLength: 8 },
    );
    fc.assert(
      fc.property(attributes, (list) => {
        expect([...decodeAttributes(encodeAttributes(list))]).toEqual(list);
      }),
    );
  });

  test('addresses', () => {
    const ofFamily = (address: fc.Arbitrary<string>, bits: number) =>
      fc.record({ linkIndex: index, address, prefixLength: fc.integer({ min: 0, max: bits }) });
    fc.assert(
      fc.property(fc.oneof(ofFamily(ipv4, 32), ofFamily(ipv6, 128)), (address) => {
        expect(decodeAddress(encodeAddress(address))).toEqual(address);
      }),
    );
  });

  test('routes', () => {
    fc.assert(
      fc.property(fc.oneof(routesOf('ipv4'), routesOf('ipv6')), (wanted) => {
        expect(decodeRoute(encodeRoute(wanted))).toEqual(wanted);
      }),
    );
  });

  test('neighbours', () => {
    const neighbour = fc.record({
      linkIndex: index,
      address: fc.oneof(ipv4, ipv6),
      hardwareAddress: fc.option(mac, { nil: undefined }),
      state: fc.integer({ min: 0, max: 0xffff }),
      flags: octet,
    });
    fc.assert(
      fc.property(neighbour, (wanted) => {
        expect(decodeNeighbour(encodeNeighbour(wanted))).toEqual(wanted);
      }),
    );
  });
});

const anyBytes = fc.oneof(
  fc.uint8Array({ maxLength: 200 }),
  // Attributes that begin well behind a header of each size.
  fc
    .tuple(fc.constantFrom(8, 12, 16), fc.uint8Array({ maxLength: 60 }), fc.uint8Array({ maxLength: 20 }))
    .map(([header, value, rest]) =>
      Buffer.concat([new Uint8Array(header).fill(2), encodeAttributes([[1, value]]), rest]),
    ),
);

test.each([
  { name: 'messages', decode: decodeMessages },
  { name: 'attributes', decode: decodeAttributes },
  { name: 'a link', decode: decodeLink },
  { name: 'an address', decode: decodeAddress },
  { name: 'a route', decode: decodeRoute },
  { name: 'a neighbour', decode: decodeNeighbour },
  {
    name: 'an acknowledgement',
    decode: (payload: Uint8Array) =>
      decodeAcknowledgement({ type: 2, flags: 0x200, sequence: 1, payload }, 'error'),
  },
])('any bytes are read as $name or refused as EBADMSG', ({ decode }) => {
  fc.assert(
    fc.property(anyBytes, (input) => {
      try {
        decode(input);
      } catch (error) {
        expect(error).toMatchObject({ name: 'LinuxError', code: 'EBADMSG' });
      }
    }),
    { numRuns: 500 },
  );
});

const address = (text: string, prefixLength: number) => () =>
  encodeAddress({ linkIndex: 1, address: text, prefixLength });
test.each([
  { name: 'an address that is none', encode: address('10.0.0', 8) },
  { name: 'a prefix longer than the address', encode: address('10.0.0.1', 33) },
  { name: 'a prefix that is no whole number', encode: address('fd00::1', 0.5) },
  { name: 'a gateway of the other family', encode: () => encodeRoute({ ...route, gateway: 'fd00::1' }) },
  { name: 'a hardware address that is none', encode: () => encodeLinkChange(1, { hardwareAddress: '02:' }) },
  {
    name: 'a hardware address longer than any link has',
    encode: () =>
      encodeNeighbour({
        linkIndex: 1,
        address: '10.0.0.1',
        hardwareAddress: new Array<string>(33).fill('00').join(':'),
        state: 0,
        flags: 0,
      }),
  },
])('$name is refused before it is sent', ({ encode }) => {
  expect(encode).toThrow(expect.objectContaining({ name: 'LinuxError', code: 'invalid_argument' }));
});

test.skipIf(!isLittleEndian).each([
  {
    name: 'a success',
    kind: 'error' as const,
    flags: 0x100,
    payload: '00000000 24000000 13000505 01000000 00000000',
    read: { errno: 0, text: undefined },
  },
  {
    name: 'an error with the words of the kernel',
    kind: 'error' as const,
    flags: 0x300,
    payload: `9bffffff 24000000 18000505 01000000 00000000 0b000100 ${Buffer.from('no way\0').toString('hex')} 00`,
    read: { errno: 101, text: 'no way' },
  },
  {
    name: 'an error that repeats the whole request',
    kind: 'error' as const,
    flags: 0x200,
    payload: `9bffffff 14000000 18000505 01000000 00000000 ffffffff 0b000100 ${Buffer.from('no way\0').toString('hex')} 00`,
    read: { errno: 101, text: 'no way' },
  },
  {
    name: 'the end of a list that failed',
    kind: 'done' as const,
    flags: 0x202,
    payload: `feffffff 0b000100 ${Buffer.from('no way\0').toString('hex')} 00`,
    read: { errno: 2, text: 'no way' },
  },
])('$name is read', ({ kind, flags, payload, read }) => {
  expect(decodeAcknowledgement({ type: 2, flags, sequence: 1, payload: bytes(payload) }, kind)).toEqual(read);
});
