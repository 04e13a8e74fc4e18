// SPDX-License-Identifier: Apache-2.0
import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { TtrpcError } from '../ttrpc-error.ts';
import { decodeRequestEnvelope, encodeRequestEnvelope } from './request-envelope.ts';
import { decodeResponseEnvelope, encodeResponseEnvelope } from './response-envelope.ts';
import { decodeStatus, encodeStatus } from './status-message.ts';

/** What a decoder that knows nothing of our messages sees: field numbers with raw values. */
function fieldsOf(bytes: Uint8Array): [field: number, value: bigint | Uint8Array][] {
  const reader = new BinaryReader(bytes);
  const fields: [number, bigint | Uint8Array][] = [];
  while (reader.pos < reader.len) {
    const [field, wireType] = reader.tag();
    if (wireType === WireType.Varint) fields.push([field, BigInt(reader.int64())]);
    else if (wireType === WireType.LengthDelimited) fields.push([field, Uint8Array.from(reader.bytes())]);
    else throw new Error(`unexpected wire type ${wireType}`);
  }
  return fields;
}

const text = (value: string) => new TextEncoder().encode(value);

const request = {
  service: 'grpc.AgentService',
  method: 'Check',
  payload: Uint8Array.of(1, 2, 3),
  timeoutNano: 5_000_000_000n,
  metadata: [
    { key: 'a', value: '1' },
    { key: 'a', value: '' },
  ],
};

// prettier-ignore
const requestBytes = [
  0x0a, 17, ...text('grpc.AgentService'),     // 1 service
  0x12, 5, ...text('Check'),                  // 2 method
  0x1a, 3, 1, 2, 3,                           // 3 payload
  0x20, 0x80, 0xe4, 0x97, 0xd0, 0x12,         // 4 timeout_nano
  0x2a, 6, 0x0a, 1, 0x61, 0x12, 1, 0x31,      // 5 metadata a=1
  0x2a, 3, 0x0a, 1, 0x61,                     // 5 metadata a= (the empty value is left out)
];

describe('request envelope', () => {
  test('encodes to the golden bytes', () => {
    expect([...encodeRequestEnvelope(request)]).toEqual(requestBytes);
  });

  test('decodes the golden bytes', () => {
    expect(decodeRequestEnvelope(Uint8Array.from(requestBytes))).toEqual(request);
  });

  test('a generic decoder sees the fields of request.proto', () => {
    expect(fieldsOf(encodeRequestEnvelope(request))).toEqual([
      [1, text('grpc.AgentService')],
      [2, text('Check')],
      [3, Uint8Array.of(1, 2, 3)],
      [4, 5_000_000_000n],
      [5, Uint8Array.of(0x0a, 1, 0x61, 0x12, 1, 0x31)],
      [5, Uint8Array.of(0x0a, 1, 0x61)],
    ]);
  });

  test('unknown fields of all wire types are skipped', () => {
    // prettier-ignore
    const unknown = [
      0x30, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01, // 6 varint
      0x39, 1, 2, 3, 4, 5, 6, 7, 8,                                     // 7 fixed64
      0x42, 2, 9, 9,                                                    // 8 bytes
      0x4d, 1, 2, 3, 4,                                                 // 9 fixed32
    ];
    expect(decodeRequestEnvelope(Uint8Array.from([...unknown, ...requestBytes, ...unknown]))).toEqual(
      request,
    );
  });

  test('the envelope is read within its range only', () => {
    const framed = Uint8Array.from([0xff, ...requestBytes, 0xff]);
    expect(decodeRequestEnvelope(framed, 1, framed.length - 1)).toEqual(request);
  });

  const requests = fc.record({
    service: fc.string({ unit: 'grapheme' }),
    method: fc.string(),
    payload: fc.uint8Array({ maxLength: 300 }),
    timeoutNano: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
    metadata: fc.array(fc.record({ key: fc.string(), value: fc.string({ unit: 'grapheme' }) })),
  });

  test('what was encoded decodes to the same', () => {
    fc.assert(
      fc.property(requests, (envelope) => {
        expect(decodeRequestEnvelope(encodeRequestEnvelope(envelope))).toEqual(envelope);
      }),
    );
  });

  test.each([
    ['ends inside a length', [0x0a, 0xff]],
    ['ends inside a field', [0x0a, 5, 1]],
    ['announces 4 GiB', [0x1a, 0xff, 0xff, 0xff, 0xff, 0x0f]],
    ['has a varint of eleven bytes', [0x20, ...(Array(10).fill(0x80) as number[]), 1]],
    ['has field number zero', [0x02, 0]],
    ['has a group', [0x33]],
    ['has a service that is not UTF-8', [0x0a, 2, 0xc3, 0x28]],
    ['ends inside a fixed32', [0x4d, 1, 2]],
  ])('an envelope that %s is malformed', (_what, bytes) => {
    expect(() => decodeRequestEnvelope(Uint8Array.from(bytes))).toThrow(
      expect.objectContaining({ code: 'malformed_message' }) as Error,
    );
  });
});

describe('response envelope', () => {
  const failure = {
    status: {
      code: 5,
      message: 'no such container',
      details: [{ typeUrl: 'type.googleapis.com/x.Y', value: Uint8Array.of(8, 1) }],
    },
    payload: new Uint8Array(0),
  };

  // prettier-ignore
  const failureBytes = [
    0x0a, 52,                                                // 1 status
    0x08, 5,                                                 //   1 code
    0x12, 17, ...text('no such container'),                  //   2 message
    0x1a, 29,                                                //   3 details
    0x0a, 23, ...text('type.googleapis.com/x.Y'),            //     1 type_url
    0x12, 2, 8, 1,                                           //     2 value
  ];

  test('a failure encodes to the golden bytes and back', () => {
    expect([...encodeResponseEnvelope(failure)]).toEqual(failureBytes);
    expect(decodeResponseEnvelope(Uint8Array.from(failureBytes))).toEqual(failure);
  });

  test('a generic decoder sees the fields of request.proto and status.proto', () => {
    const [[field, status] = []] = fieldsOf(encodeResponseEnvelope(failure));
    expect(field).toBe(1);
    expect(fieldsOf(status as Uint8Array).map(([number]) => number)).toEqual([1, 2, 3]);
  });

  test.each([
    { name: 'with an empty status, as upstream writes it', bytes: [0x0a, 0, 0x12, 1, 7] },
    { name: 'without status', bytes: [0x12, 1, 7] },
  ])('success $name decodes to its payload', ({ bytes }) => {
    expect(decodeResponseEnvelope(Uint8Array.from(bytes))).toEqual({
      status: undefined,
      payload: Uint8Array.of(7),
    });
  });

  test('a negative code survives', () => {
    const status = { code: -1, message: '', details: [] };
    expect(decodeStatus(encodeStatus(status))).toEqual(status);
  });
});

describe('arbitrary bytes', () => {
  test.each([
    ['request', decodeRequestEnvelope],
    ['response', decodeResponseEnvelope],
    ['status', decodeStatus],
  ] as const)('as a %s decode or are malformed, nothing else', (_name, decode) => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        try {
          decode(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(TtrpcError);
          expect(error).toMatchObject({ code: 'malformed_message' });
        }
      }),
      { numRuns: 1000 },
    );
  });
});
